# A token authorizer with PyJWT, and a small client of the Runtime API, which is less work
# than AWS's own: what is measured is Python and PyJWT.
import http.client
import json
import os

import jwt

secret = os.environ["JWT_SECRET"]


def handle(event):
    scheme, _, token = event["identitySource"][0].partition(" ")
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp", "sub"], "verify_aud": False})
    except jwt.InvalidTokenError:
        return {"isAuthorized": False}
    return {"isAuthorized": scheme == "Bearer", "context": {"subject": claims["sub"]}}


api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    response = api.getresponse()
    id = response.getheader("Lambda-Runtime-Aws-Request-Id")
    answer = json.dumps(handle(json.loads(response.read())))
    api.request("POST", "/2018-06-01/runtime/invocation/" + id + "/response", answer)
    api.getresponse().read()
