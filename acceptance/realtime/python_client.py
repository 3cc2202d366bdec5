"""A client that shares no code with the product: joins, sends, listens, and is refused. Prints what it saw as JSON.

Usage: python_client.py URL TOKEN CONVERSATION_ID
"""

import json
import queue
import sys

import socketio

url, token, conversation_id = sys.argv[1:4]
seen = {"messages": []}
heard = queue.Queue()

client = socketio.Client(reconnection=False)
client.on("new_message", heard.put)
client.connect(url, auth={"token": token}, transports=["websocket"])
seen["joined"] = client.call("join_conversation", {"conversationId": conversation_id}, timeout=5)
seen["sent"] = client.call(
    "send_message",
    {"conversationId": conversation_id, "message_type": "text", "content": "Grüße von Python 🐍"},
    timeout=5,
)
seen["refused"] = client.call("join_conversation", {"conversationId": "x"}, timeout=5)
# The own message, then the answer to it.
seen["messages"] = [heard.get(timeout=8), heard.get(timeout=8)]
client.disconnect()

stranger = socketio.Client(reconnection=False)
stranger.on("connect_error", lambda error: seen.update(connect_error=error))
try:
    stranger.connect(url, auth={"token": "not a token"}, transports=["websocket"])
    seen["connect_error"] = "was let in"
except socketio.exceptions.ConnectionError:
    pass

print(json.dumps(seen))
