"""Writes down what is asked of moto, a JSON line a call, into the file that COSMICAI_CALLS names.

    {"principal": "cosmicai-init-dev-us-east-1-init", "service": "s3", "action": "PutObject", "resource": "arn:aws:s3:::…", "operation": "CreateMultipartUpload"}

`service:action` is what IAM checks, which is not always called like the operation. `resource` is an ARN, or `*` for actions to which
AWS gives none. `principal` is the access key id of the signature: commands have `deployer` or `runner`, functions and machines the
names of their roles.
"""

import json
import os
import re
import threading
from xml.sax.saxutils import unescape

from moto.core.authorization import ActionAuthenticatorMixin

# Of S3, by operation. Those that are called alike are not listed.
S3 = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjectVersion": "DeleteObjectVersion",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}
LAMBDA = {"Invoke": "InvokeFunction"}
# What signatures call otherwise than IAM does.
IAM_SERVICES = {"monitoring": "cloudwatch"}
# By their parameter, in the order in which they are looked for.
RESOURCES = {
    "states": ("executionArn", "mapRunArn", "stateMachineArn"),
    "lambda": ("FunctionName",),
    "logs": ("logGroupName",),
    "cloudformation": ("StackName",),
    "iam": ("RoleName",),
    "ssm": ("Name",),
    "sns": ("TopicArn",),
    "secretsmanager": ("SecretId",),
}

_local = threading.local()
_lock = threading.Lock()


def as_principal(role_arn):
    """What this thread asks of moto from now on is asked by that role."""
    _local.principal = str(role_arn).split("/")[-1]


def principal():
    return getattr(_local, "principal", "states.amazonaws.com")


def signature(request):
    """Access key id and service of who has signed it."""
    signed = request.headers.get("Authorization", "") + " " + request.uri
    found = re.search(r"Credential=([^/%]+)(?:/|%2F)\d+(?:/|%2F)[^/%]+(?:/|%2F)([^/%]+)(?:/|%2F)aws4_request", signed)
    return found.groups() if found else ("nobody", request.service_name)


def operation_of(request):
    # S3 sets it, requests of the query protocol have it in a list.
    told = request.data.get("Action") if isinstance(request.data, dict) else None
    return (told[0] if isinstance(told, list) else told) or request._get_action()


def resource_of(request, service):
    """Of calls to services but S3."""
    if service == "ecs":
        return resource_of_ecs(request)
    value = next((found for name in RESOURCES.get(service, ()) if (found := parameter(request, name))), None)
    if value is None:
        return "*"
    value = str(value)
    if value.startswith("arn:"):
        return value
    place = f"{request.region}:{request.current_account}"
    return {
        "lambda": f"arn:aws:lambda:{place}:function:{value}",
        "logs": f"arn:aws:logs:{place}:log-group:{value}:*",
        "cloudformation": f"arn:aws:cloudformation:{place}:stack/{value}/*",
        "iam": f"arn:aws:iam::{request.current_account}:role/{value}",
        "ssm": f"arn:aws:ssm:{place}:parameter/{value.lstrip('/')}",
        "secretsmanager": f"arn:aws:secretsmanager:{place}:secret:{value}",
    }.get(service, value)


def resource_of_ecs(request):
    """A service is named with its cluster; several services or tasks of one request are alike."""
    cluster = str(parameter(request, "cluster") or "default").split("/")[-1]
    first = lambda name: next(iter(parameter(request, name) or ()), None)
    service = parameter(request, "service") or first("services")
    if service is not None:
        place = f"{request.region}:{request.current_account}"
        return f"arn:aws:ecs:{place}:service/{cluster}/{str(service).split('/')[-1]}"
    return first("tasks") or "*"


def parameter(request, name):
    try:
        found = request._get_param(name)
    except Exception:
        found = None
    if found is None:
        # In the path, as Lambda has them.
        found = (request.uri_match.groupdict() if getattr(request, "uri_match", None) else {}).get(name)
    return found


def deleted(body):
    """What IAM checks for each object that a request to delete several names."""
    text = body.decode() if isinstance(body, bytes) else body
    for named in re.findall(r"<Object>(.*?)</Object>", text, re.DOTALL):
        key = unescape(re.search(r"<Key>(.*?)</Key>", named, re.DOTALL).group(1))
        yield ("DeleteObjectVersion" if "<VersionId>" in named else "DeleteObject"), key


class Recorder:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8")

    def record(self, request, resource=None):
        who, service = signature(request)
        operation = operation_of(request)
        service = IAM_SERVICES.get(service, service)
        names = {"s3": S3, "lambda": LAMBDA}.get(service, {})
        self.write(who, service, names.get(operation, operation), resource or resource_of(request, service), operation)

    def write(self, who, service, action, resource, operation):
        call = {"principal": who, "service": service, "action": action, "resource": resource, "operation": operation}
        with _lock:
            self.file.write(json.dumps(call) + "\n")


def install():
    path = os.environ.get("COSMICAI_CALLS")
    if not path:
        return
    recorder = Recorder(path)

    def normal(self, _resource="*"):
        recorder.record(self)

    def s3(self, bucket_name=None, key_name=None):
        if bucket_name is None:
            recorder.record(self, "*")
        else:
            bucket = f"arn:aws:s3:::{bucket_name}"
            if key_name is None and self.method == "POST" and "delete" in self.parsed_url.query:
                # Several objects are deleted by one request to the bucket; each is checked.
                for action, key in deleted(self.body):
                    recorder.write(*signature(self), action, f"{bucket}/{key}", "DeleteObjects")
            else:
                recorder.record(self, bucket + (f"/{key_name}" if key_name else ""))

    ActionAuthenticatorMixin._authenticate_and_authorize_normal_action = normal
    ActionAuthenticatorMixin._authenticate_and_authorize_s3_action = s3
