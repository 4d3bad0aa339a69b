"""Tasks of ECS services, which moto only counts: a process each, in the place of a container.

COSMICAI_TASKS holds JSON: the command of every task, and the environment that it has beside that of its definition. Without it services
stay as moto has them. A task runs as long as its process; where a service is to have one and its process has ended, another starts, as
with ECS. Its network interface has the public address 127.0.0.1.
"""

import ctypes
import json
import os
import signal
import subprocess
import threading
import time

from moto.core.utils import pascal_to_camelcase, remap_nested_keys
from moto.ec2.models import ec2_backends
from moto.ec2.utils import random_private_ip
from moto.ecs.models import Task, ecs_backends
from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random

LOOK_SECONDS = 0.1
# Between the end of a process that failed and the start of the next; ECS waits longer and longer.
RESTART_SECONDS = 10
ENDED = "Essential container in task exited"


# Of Linux: a signal when the thread that started a process ends, which is one that lasts as long as moto.
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Container:
    """What runs of a service: moto's task and its process."""

    def __init__(self, backend, service, given):
        region, account = backend.region_name, backend.account_id
        cluster = backend._get_cluster(service.cluster_name)
        definition = backend.describe_task_definition(service.task_definition)
        self.task = Task(cluster, definition, None, None, backend, f"service:{service.name}", "FARGATE")
        self.task.attachments = [self._interface(ec2_backends[account][region])]
        backend.tasks.setdefault(cluster.name, {})[self.task.task_arn] = self.task
        # A stack that was updated has left names as CloudFormation spells them.
        [described] = remap_nested_keys(definition.container_definitions, pascal_to_camelcase)
        environment = {each["name"]: str(each["value"]) for each in described.get("environment", [])}
        role = f"{cluster.name}-{region}-{service.name}"
        credentials = {"AWS_ACCESS_KEY_ID": role, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": region}
        path = {"PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(
            given["command"],
            env={**path, **credentials, **environment, **given["environment"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )

    @staticmethod
    def _interface(ec2):
        subnet = next(iter(ec2.describe_subnets()))
        interface = ec2.create_network_interface(subnet, random_private_ip())
        interface.public_ip = "127.0.0.1"
        details = [{"name": "networkInterfaceId", "value": interface.id}]
        return {"id": str(mock_random.uuid4()), "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details}

    def has_ended(self):
        return self.process.poll() is not None

    def stop(self):
        """As ECS does: the process is asked to end, and nobody finds the task any more."""
        self.process.terminate()
        self.stopped("Scaling activity initiated by (deployment)")

    def stopped(self, reason):
        self.task.desired_status = self.task.last_status = "STOPPED"
        self.task.stopped_reason = reason


def reconcile(given, running, ended):
    """Makes each service have as many tasks as it is to have, none or one."""
    for account in list(ecs_backends.values()):
        for backend in list(account.values()):
            for key, service in list(backend.services.items()):
                container = running.get(key)
                if container is not None and container.has_ended():
                    container.stopped(ENDED)
                    if container.process.returncode != 0:
                        ended[key] = time.monotonic()
                    del running[key]
                    container = None
                service.running_count = int(container is not None)
                if service.desired_count == 0 and container is not None:
                    running.pop(key).stop()
                elif service.desired_count > 0 and container is None:
                    if time.monotonic() - ended.get(key, -RESTART_SECONDS) >= RESTART_SECONDS:
                        running[key] = Container(backend, service, given)


def work(given):
    running, ended = {}, {}
    while True:
        try:
            reconcile(given, running, ended)
        except RuntimeError:
            # A backend changed while it was looked at.
            pass
        time.sleep(LOOK_SECONDS)


def install():
    if "COSMICAI_TASKS" not in os.environ:
        return
    # A task changes when something happens to it, not when it is looked at.
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10**9})
    threading.Thread(target=work, args=(json.loads(os.environ["COSMICAI_TASKS"]),), daemon=True).start()
