#!/usr/bin/env bash
# Calls a trigger of the content hub: HUB_TRIGGER_URL, HUB_TRIGGER_SECRET, and the body as argument.
set -euo pipefail
body="$1" id="${2:-msg_$(openssl rand -hex 16)}" now="$(date +%s)"
key="$(printf %s "${HUB_TRIGGER_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')"
signature="$(printf %s "$id.$now.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)"
curl --silent --show-error --fail-with-body "$HUB_TRIGGER_URL" -H 'Content-Type: application/json' \
  -H "webhook-id: $id" -H "webhook-timestamp: $now" -H "webhook-signature: v1,$signature" -d "$body"
