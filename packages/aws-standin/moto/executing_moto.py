"""moto_server that executes what is deployed into it.

moto holds an account's state in memory and answers AWS's APIs. This file starts its server and changes in it what keeps it from
executing a deployed stage:

- Step Functions: its own interpreter is switched on, also for machines of CloudFormation stacks. A Distributed Map starts child
  executions with a history each, stops when too many fail, and writes their results as AWS does. Executions stop at once, any
  number may be started of one machine, and they can be redriven.
- Lambda: an invocation goes to the host of functions that COSMICAI_FUNCTION_HOST names, with the function's settings and its
  package, which is left in the folder COSMICAI_FUNCTION_CODE. GetAccountSettings answers, which moto lacks: by the usual quota.
- ECS: a service's task is a process (ecs_tasks.py).

It reaches into moto, so it is for one version of it and refuses others. It ends when its standard input is closed.
"""

import base64
import copy
import datetime
import functools
import hashlib
import http.client
import json
import os
import re
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MOTO = "5.2.1"

try:
    import moto
except ImportError:
    sys.exit(f'{sys.executable} has no moto: pip install "moto[server]=={MOTO}"')
if moto.__version__ != MOTO:
    sys.exit(f'This stand-in for AWS changes moto {MOTO} from inside; {sys.executable} has {moto.__version__}: pip install "moto[server]=={MOTO}"')

import boto3
import moto.awslambda.models as lambda_models
import moto.awslambda.urls as lambda_urls
import moto.core.responses as core_responses
import moto.stepfunctions.models as sfn_models
import moto.stepfunctions.parser.models as executing
from botocore.config import Config
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.responses import LambdaResponse
from moto.core.config import default_user_config
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.server import main
from moto.settings import moto_server_port
from moto.stepfunctions.parser.api import (
    ExecutionStatus,
    HistoryEventType,
    MapRunFailedEventDetails,
    MapRunStatus,
    ResourceNotFound,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.flow.start_at import StartAt
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import ResultWriter
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSeconds
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse
import moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 as item_reader_s3

import ecs_tasks
import recorded_calls

EXECUTIONS = {}
MAP_RUNS = {}


def now():
    return datetime.datetime.now(tz=datetime.timezone.utc)


class NotRedrivable(AWSError):
    TYPE = "ExecutionNotRedrivable"
    STATUS = 400


class EndOfWorker(BaseExecutionWorkerCommunication):
    """What a worker says of its end counts unless its execution was stopped before, or has been redriven since."""

    def __init__(self, execution):
        super().__init__(execution)
        self.redrive_count = execution.redrive_count

    def terminated(self):
        with self.execution.lock:
            if self.execution.is_running() and self.execution.redrive_count == self.redrive_count:
                self._reflect_execution_status()
                self.execution.over.set()


class StandInExecution(Execution):
    """An execution, or a child execution of a Map, that ends at once when it is stopped and can be redriven."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lock = threading.RLock()
        self.over = threading.Event()
        self.redrive_count = 0
        # By the name of their state.
        self.map_runs = {}
        # As it was when the execution was stopped; what its threads still do adds nothing to it.
        self.stopped_history = None

    def start(self):
        EXECUTIONS[self.exec_arn] = self
        super().start()

    def is_running(self):
        return self.exec_status == ExecutionStatus.RUNNING

    def _get_start_execution_worker_comm(self):
        return EndOfWorker(self)

    def to_history_output(self):
        return super().to_history_output() if self.stopped_history is None else {"events": self.stopped_history}

    def stop(self, stop_date, error, cause):
        with self.lock:
            if not self.is_running():
                return
            # The worker's thread makes it first of all.
            while self.exec_worker.env is None:
                time.sleep(0.001)
            running_maps = [run for run in self.map_runs.values() if run.record.status == MapRunStatus.RUNNING]
            end = EventManager()
            continue_history(end, self.exec_worker.env.event_manager.get_event_history())
            context = copy.copy(self.exec_worker.env.event_history_context)
            if running_maps:
                end.add_event(context, HistoryEventType.MapRunAborted)
                end.add_event(context, HistoryEventType.MapStateAborted)
            details = {name: value for name, value in (("error", error), ("cause", cause)) if value}
            end.add_event(context, HistoryEventType.ExecutionAborted, EventDetails(executionAbortedEventDetails=details))
            self.stopped_history = end.get_event_history()
            self.exec_status = ExecutionStatus.ABORTED
            self.stop_date = stop_date
            self.error, self.cause = error or None, cause or None
            self.exec_worker.env.set_stop(stop_date=stop_date, error=error, cause=cause)
        for run in running_maps:
            run.stop()
        self.over.set()

    def redrive(self):
        with self.lock:
            if self.is_running() or self.exec_status == ExecutionStatus.SUCCEEDED:
                raise NotRedrivable(f"Execution {self.exec_arn} is {self.status}.")
            history = self.to_history_output()["events"]
            entered = next(event for event in reversed(history) if event["type"].endswith("StateEntered"))
            self.redrive_count += 1
            self.error = self.cause = self.stop_date = self.stopped_history = None
            self.over.clear()
            self.exec_worker = RedrivenWorker(self, history, entered)
            self.exec_status = ExecutionStatus.RUNNING
            self.exec_worker.start()


class RedrivenWorker(ExecutionWorker):
    """Goes on at the state that was entered last, with the input that it had."""

    def __init__(self, execution, history, entered):
        first = execution._get_start_execution_worker()
        super().__init__(
            evaluation_details=first._evaluation_details,
            exec_comm=first._execution_communication,
            cloud_watch_logging_session=None,
            activity_store={},
        )
        self.redrive_count = execution.redrive_count
        self.history = history
        self.entered = entered

    def _execution_logic(self):
        state = self.entered["stateEnteredEventDetails"]
        program = self._get_evaluation_entrypoint()
        program.start_at = StartAt(state["name"])
        env = self._get_evaluation_environment()
        env.event_manager = RedrivenHistory(self.history, self.entered["id"])
        env.states.reset(json.loads(state["input"]))
        env.event_history_context.source_event_id = self.history[-1]["id"]
        details = EventDetails(executionRedrivenEventDetails={"redriveCount": self.redrive_count})
        env.event_manager.add_event(env.event_history_context, HistoryEventType.ExecutionRedriven, details)
        self.env = env
        program.eval(env)
        self._execution_communication.terminated()


class RedrivenHistory(EventManager):
    """A history that goes on. It says nothing of the state being entered, which it was before."""

    def __init__(self, events, entered):
        super().__init__()
        continue_history(self, events)
        self._entered = entered
        self._returns_to_state = True

    def add_event(self, context, event_type, *args, **kwargs):
        if self._returns_to_state and event_type != HistoryEventType.ExecutionRedriven:
            if event_type.endswith("StateEntered") or event_type == HistoryEventType.MapStateStarted:
                context.source_event_id = context.last_published_event_id = self._entered
                return self._entered
            self._returns_to_state = False
        return super().add_event(context, event_type, *args, **kwargs)


def continue_history(manager, events):
    manager._history_event_list.extend(events)
    manager._event_id_gen._next_id = len(events) + 1


class MapRun:
    """The child executions of a Distributed Map."""

    def __init__(self, parent, state, eval_input, items):
        self.parent = parent
        self.record = eval_input.map_run_record
        self.percentage = eval_input.tolerated_failure_percentage
        self.count = eval_input.tolerated_failure_count
        self.items = items
        self.children = [None] * len(items)
        self.stopping = threading.Event()
        # Held while a child starts: none may once the Map run is stopped.
        self.starting = threading.Lock()
        self.redrive_count = 0
        processor = json.loads(parent.state_machine.definition)["States"][state]["ItemProcessor"]
        self.express = processor.pop("ProcessorConfig").get("ExecutionType") == "EXPRESS"
        self.machine = copy.copy(parent.state_machine)
        self.machine.arn = self.record.map_state_machine_arn
        self.machine.name = self.machine.arn.split(":stateMachine:")[1]
        self.machine.definition = json.dumps(processor)
        MAP_RUNS[self.record.map_run_arn] = self

    def work(self):
        """Runs those children to their ends that have not succeeded, until too many fail or the Map run is stopped."""
        self.record.status = MapRunStatus.RUNNING
        todo = [index for index, child in enumerate(self.children) if statusOf(child) != "SUCCEEDED"]
        if todo:
            with ThreadPoolExecutor(self.record.max_concurrency or len(todo)) as pool:
                list(pool.map(self._work_on, todo))
        if self.parent.is_running():
            self.record.set_stop(MapRunStatus.FAILED if self.stopping.is_set() else MapRunStatus.SUCCEEDED)

    def _work_on(self, index):
        with self.starting:
            if self.stopping.is_set():
                return
            child = self.children[index]
            if child is None:
                child = self.children[index] = self._child(self.items[index])
                child.start()
            else:
                child.redrive()
        child.over.wait()
        if statusOf(child) in ("FAILED", "TIMED_OUT") and self.failed_too_many():
            self._stop_children()

    def _child(self, item):
        parent, name = self.parent, str(uuid.uuid4())
        kind = "express" if self.express else "execution"
        return StandInExecution(
            name=name,
            sm_type=parent.sm_type,
            role_arn=parent.role_arn,
            exec_arn=f"{self.machine.arn.replace(':stateMachine:', f':{kind}:')}:{name}",
            account_id=parent.account_id,
            region_name=parent.region_name,
            state_machine=self.machine,
            start_date=now(),
            cloud_watch_logging_session=None,
            activity_store={},
            input_data=json.dumps(item),
        )

    def failed_too_many(self):
        failed = self.counted("FAILED", "TIMED_OUT")
        if self.percentage and self.count:
            return failed > self.count or failed * 100 > self.percentage * len(self.items)
        return failed > self.count if self.count else failed * 100 > self.percentage * len(self.items)

    def stop(self):
        self.record.set_stop(MapRunStatus.ABORTED)
        self._stop_children()

    def _stop_children(self):
        with self.starting:
            self.stopping.set()
        for child in self.children:
            if child is not None:
                child.stop(now(), None, None)

    def counted(self, *statuses):
        return sum(statusOf(child) in statuses for child in self.children)

    def describe(self):
        counts = {
            "pending": self.counted("PENDING"),
            "running": self.counted("RUNNING"),
            "succeeded": self.counted("SUCCEEDED"),
            "failed": self.counted("FAILED"),
            "timedOut": self.counted("TIMED_OUT"),
            "aborted": self.counted("ABORTED"),
            "total": len(self.children),
            "resultsWritten": 0,
        }
        return {**self.record.describe(), "itemCounts": counts, "executionCounts": counts, "redriveCount": self.redrive_count}

    def write_results(self, bucket, prefix):
        """`<prefix>/<id of the Map run>/manifest.json` and beside it a list of children for each outcome that occurred."""
        s3 = client_of_role(region=self.parent.region_name, service="s3")
        folder = f"{prefix.rstrip('/')}/{self.record.map_run_arn.split(':')[-1]}".lstrip("/")
        files = {}
        for outcome in ("FAILED", "PENDING", "SUCCEEDED"):
            entries = [
                self._entry(index, child) for index, child in enumerate(self.children) if outcome_of(child) == outcome
            ]
            files[outcome] = []
            if entries:
                body = json.dumps(entries).encode()
                s3.put_object(Bucket=bucket, Key=f"{folder}/{outcome}_0.json", Body=body)
                files[outcome].append({"Key": f"{folder}/{outcome}_0.json", "Size": len(body)})
        manifest = {"DestinationBucket": bucket, "MapRunArn": self.record.map_run_arn, "ResultFiles": files}
        s3.put_object(Bucket=bucket, Key=f"{folder}/manifest.json", Body=json.dumps(manifest).encode())
        return {
            "MapRunArn": self.record.map_run_arn,
            "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"},
        }

    def _entry(self, index, child):
        given = {"Input": json.dumps(self.items[index]), "InputDetails": {"Included": True}}
        if child is None:
            return {**given, "Status": "PENDING"}
        entry = {
            **given,
            "ExecutionArn": child.exec_arn,
            "Name": child.name,
            "StartDate": iso(child.start_date),
            "StateMachineArn": self.machine.arn,
            "Status": statusOf(child),
            "StopDate": iso(child.stop_date),
            "RedriveCount": child.redrive_count,
            "RedriveStatus": "NOT_REDRIVABLE",
        }
        if child.exec_status == ExecutionStatus.SUCCEEDED:
            entry.update(Output=json.dumps(child.output), OutputDetails={"Included": True})
        if child.error is not None:
            entry.update(Error=child.error)
        if child.cause is not None:
            entry.update(Cause=child.cause)
        return entry


def statusOf(child):
    return "PENDING" if child is None else child.status


def outcome_of(child):
    """The list that a child is in: aborted and timed-out children count as failed."""
    status = statusOf(child)
    return status if status in ("PENDING", "SUCCEEDED") else "FAILED"


def iso(date):
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changes(owner, name=None):
    """Puts a function in the place of one of moto's, which it gets as its first argument."""

    def put(function):
        original = getattr(owner, name or function.__name__, None)
        setattr(owner, name or function.__name__, functools.wraps(function)(lambda *a, **k: function(original, *a, **k)))
        return function

    return put


@changes(DistributedIterationComponent, "_eval_body")
def run_map(_original, self, env):
    eval_input = env.stack.pop()
    if eval_input.item_selector or eval_input.parameters:
        raise NotImplementedError("The stand-in for Step Functions knows no ItemSelector of a Distributed Map.")
    execution = EXECUTIONS[env.states.context_object.context_object_data["Execution"]["Id"]]
    recorded_calls.as_principal(execution.role_arn)
    tell = functools.partial(env.event_manager.add_event, env.event_history_context)
    run = execution.map_runs.get(eval_input.state_name)
    if run is None:
        arn = eval_input.map_run_record.map_run_arn
        tell(HistoryEventType.MapRunStarted, EventDetails(mapRunStartedEventDetails={"mapRunArn": arn}))
    else:
        run.redrive_count += 1
        run.stopping.clear()
        details = {"mapRunArn": run.record.map_run_arn, "redriveCount": run.redrive_count}
        tell(HistoryEventType.MapRunRedriven, EventDetails(mapRunRedrivenEventDetails=details))
    try:
        if run is None:
            items = eval_input.input_items
            if eval_input.item_reader:
                eval_input.item_reader.eval(env)
                items = env.stack.pop()
            run = execution.map_runs[eval_input.state_name] = MapRun(execution, eval_input.state_name, eval_input, items)
        run.work()
        results = [child.output if child is not None else None for child in run.children]
        if self.result_writer is not None and execution.is_running():
            # As AWS does: by the input of the state.
            env.stack.append(env.states.get_input())
            self.result_writer.parargs.eval(env)
            parameters = env.stack.pop()
            env.stack.pop()
            results = run.write_results(parameters["Bucket"], parameters.get("Prefix", ""))
        if run.record.status == MapRunStatus.FAILED:
            name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
            cause = "The specified tolerated failure threshold was exceeded"
            details = MapRunFailedEventDetails(error=name.error_name, cause=cause)
            failed = EventDetails(mapRunFailedEventDetails=details)
            raise FailureEventException(FailureEvent(env, name, HistoryEventType.MapRunFailed, failed))
    except FailureEventException as exception:
        error, cause = exception.extract_error_cause_pair() or (None, None)
        details = MapRunFailedEventDetails(error=error, cause=cause)
        tell(HistoryEventType.MapRunFailed, EventDetails(mapRunFailedEventDetails=details))
        raise
    tell(HistoryEventType.MapRunSucceeded)
    env.stack.append(results)


@changes(StateMap)
def from_state_props(original, self, state_props):
    original(self, state_props)
    self.iteration_component.result_writer = self.result_writer


@changes(ResultWriter, "_eval_body")
def leave_results(_original, _self, _env):
    """They were written when the Map run had ended, also where it has failed."""


@changes(AmazonStateLanguageParser, "parse")
def parse(original, definition):
    """moto knows no EXPRESS children; here they are told apart by their ARNs, and by having no history."""
    return original(re.sub(r'("ExecutionType"\s*:\s*)"EXPRESS"', r'\1"STANDARD"', definition))


@changes(sfn_models.StateMachine, "__deepcopy__")
def copy_for_execution(_original, self, _memo):
    """moto copies a machine for each execution with those before, which can't be copied."""
    clone = copy.copy(self)
    clone.executions = []
    return clone


@changes(executing.StepFunctionsParserBackend)
def describe_execution(original, self, execution_arn):
    found = EXECUTIONS.get(execution_arn)
    return original(self, execution_arn) if found is None or ":express:" in execution_arn else found


@changes(executing.StepFunctionsParserBackend)
def describe_map_run(original, self, map_run_arn):
    # Between the begin of the Map and its first child there is only moto's record.
    return MAP_RUNS[map_run_arn].describe() if map_run_arn in MAP_RUNS else original(self, map_run_arn)


@changes(StepFunctionResponse)
def list_executions(original, self):
    if self._get_param("mapRunArn") is None:
        return original(self)
    run = MAP_RUNS.get(self._get_param("mapRunArn"))
    if run is None:
        raise ResourceNotFound()
    wanted = self._get_param("statusFilter")
    children = [child for child in run.children if child is not None and wanted in (None, child.status)]
    return ActionResult({"executions": [child.to_execution_list_item() for child in children]})


@changes(StepFunctionResponse)
def stop_execution(_original, self):
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    execution.stop(now(), self._get_param("error"), self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date})


@changes(StepFunctionResponse)
def redrive_execution(_original, self):
    self.stepfunction_backend.describe_execution(self._get_param("executionArn")).redrive()
    return ActionResult({"redriveDate": now()})


@changes(core_responses)
def gen_amzn_requestid_long(original, headers=None):
    """The id by which a function's log knows an invocation is also the one of its answer."""
    return (headers or {}).get("x-amzn-requestid") or original(headers)


def client_of_role(region, service, state_credentials=None):
    """As moto's, but signed by the role of the machine, which is told by the access key id."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{moto_server_port()}",
        aws_access_key_id=recorded_calls.principal(),
        aws_secret_access_key="secret",
        config=Config(
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            connect_timeout=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS,
            read_timeout=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS,
            s3={"addressing_style": "path"},
        ),
    )


for module in (lambda_eval_utils, item_reader_s3):
    module.boto_client_for = client_of_role


@changes(lambda_eval_utils)
def execute_lambda_function_integration(original, env, **kwargs):
    recorded_calls.as_principal(env.aws_execution_details.role_arn)
    return original(env=env, **kwargs)


@changes(lambda_eval_utils)
def select_from_typed_dict(original, typed_dict, obj):
    """The answer of a function as the history tells it."""
    return {**original(typed_dict, obj), "SdkResponseMetadata": {"RequestId": obj["ResponseMetadata"]["RequestId"]}}


class HostFailed(LambdaClientError):
    def __init__(self, status, error, message):
        super().__init__(error, message)
        self.code = status


@changes(lambda_models.LambdaBackend)
def invoke(_original, self, function_name, qualifier, body, headers, response_headers):
    try:
        settings = settings_of(self.get_function(function_name, qualifier))
    except lambda_models.UnknownFunctionException:
        # One that the host itself knows, or nobody.
        settings = {"name": function_name.split(":")[0] if not function_name.startswith("arn:") else function_name}
    host = http.client.HTTPConnection(os.environ["COSMICAI_FUNCTION_HOST"])
    try:
        told = base64.b64encode(json.dumps(settings).encode()).decode()
        host.request("POST", "/invocations", body=body or b"{}", headers={"x-function": told})
        answer = host.getresponse()
        payload = answer.read()
    finally:
        host.close()
    if answer.status != 200:
        refusal = json.loads(payload)
        raise HostFailed(answer.status, refusal["error"], refusal["message"])
    for name in ("x-amzn-requestid", "x-amz-function-error", "x-amz-log-result"):
        if answer.getheader(name) is not None:
            response_headers[name] = answer.getheader(name)
    response_headers["Content-Length"] = str(len(payload))
    return payload


USUAL_CONCURRENCY = 1000


@changes(LambdaResponse)
def get_account_settings(_original, _self):
    limit = {"ConcurrentExecutions": USUAL_CONCURRENCY, "UnreservedConcurrentExecutions": USUAL_CONCURRENCY}
    return json.dumps({"AccountLimit": limit})


lambda_urls.url_paths[r"{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch


def settings_of(function):
    digest = hashlib.sha256(function.code_bytes).hexdigest()
    package = Path(os.environ["COSMICAI_FUNCTION_CODE"], f"{digest}.zip")
    if not package.exists():
        unfinished = package.with_suffix(f".{uuid.uuid4()}")
        unfinished.write_bytes(function.code_bytes)
        unfinished.rename(package)
    return {
        "name": function.function_name,
        "package": str(package),
        "handler": function.handler,
        "memoryMb": int(function.memory_size),
        "timeoutSeconds": int(function.timeout),
        "ephemeralStorageMb": int(function.ephemeral_storage),
        "role": function.role.split("/")[-1],
        "environment": {name: str(value) for name, value in function.environment_vars.items()},
    }


def end_with_input():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    sfn_models.stepfunctions_backends = executing.stepfunctions_parser_backends
    executing.Execution = StandInExecution
    recorded_calls.install()
    ecs_tasks.install()
    threading.Thread(target=end_with_input, daemon=True).start()
    main()
