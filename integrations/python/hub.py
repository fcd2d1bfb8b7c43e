"""Calls a trigger of the content hub: python hub.py '{"externalReference":"post-1"}'."""

import base64
import hashlib
import hmac
import os
import sys
import time
import urllib.request
import uuid

body = sys.argv[1].encode()
message, now = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
key = base64.b64decode(os.environ["HUB_TRIGGER_SECRET"].removeprefix("whsec_"))
digest = hmac.digest(key, f"{message}.{now}.".encode() + body, hashlib.sha256)
signed = {"webhook-signature": "v1," + base64.b64encode(digest).decode()}
headers = {"webhook-id": message, "webhook-timestamp": now, "content-type": "application/json"}
request = urllib.request.Request(os.environ["HUB_TRIGGER_URL"], body, headers | signed)
with urllib.request.urlopen(request) as answer:
    print(answer.read().decode())
