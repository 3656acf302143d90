"""The official OpenAI SDK against a running gateway: chats and responses, streams, tools, structured output, errors.

Arguments: the gateway's base URL. The gateway has `local/*` and a provider `openai` whose server answers by model name.
"""

import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="a-client-key-nobody-checks", max_retries=0)
HELLO = [{"role": "user", "content": "hello gateway"}]
WEATHER = [{
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}]


def check(name, condition, detail=""):
    if not condition:
        raise AssertionError(f"{name}: {detail}")
    print("ok", name)


def fails(name, kind, **arguments):
    try:
        client.chat.completions.create(**arguments)
    except kind as error:
        check(name, True)
        return error
    raise AssertionError(f"{name}: no {kind.__name__}")


for model in ["local/echo", "openai/echo"]:
    answer = client.chat.completions.create(model=model, messages=HELLO)
    check(f"chat {model}", "hello gateway" in answer.choices[0].message.content, answer)
    check(f"chat {model} usage", answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0, answer.usage)
    check(f"chat {model} frame", answer.object == "chat.completion" and answer.choices[0].finish_reason == "stop", answer)

    chunks = list(client.chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    check(f"stream {model}", text == answer.choices[0].message.content, text)
    check(f"stream {model} usage", chunks[-1].usage is not None and chunks[-1].choices == [], chunks[-1])
    check(f"stream {model} pieces", len(chunks) > 3, len(chunks))

    silent = list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    check(f"stream {model} without usage", all(c.usage is None and c.choices for c in silent), silent[-1])

for model, choice in [("local/echo", "required"), ("openai/tools", "auto")]:
    arguments = dict(model=model, messages=HELLO, tools=WEATHER, tool_choice=choice)
    call = client.chat.completions.create(**arguments).choices[0]
    check(f"tools {model}", call.finish_reason == "tool_calls", call)
    check(f"tools {model} call", call.message.tool_calls[0].function.name == "weather", call)
    check(f"tools {model} arguments", "city" in json.loads(call.message.tool_calls[0].function.arguments), call)
    with client.chat.completions.stream(**arguments) as stream:
        final = stream.get_final_completion().choices[0]
    check(f"streamed tools {model}", final.message.tool_calls[0].function.name == "weather", final)
    check(f"streamed tools {model} arguments", "city" in json.loads(final.message.tool_calls[0].function.arguments), final)
    follow = HELLO + [
        {"role": "assistant", "content": None, "tool_calls": [c.model_dump() for c in call.message.tool_calls]},
        {"role": "tool", "tool_call_id": call.message.tool_calls[0].id, "content": "sunny"},
    ]
    second = client.chat.completions.create(model=model.split("/")[0] + "/echo", messages=follow, tools=WEATHER)
    check(f"tools {model} result accepted", second.choices[0].message.content, second)

schema = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}}}
placed = client.chat.completions.create(model="local/echo", messages=HELLO, response_format=schema)
check("structured output", "city" in json.loads(placed.choices[0].message.content), placed)

for model in ["local/echo", "openai/echo"]:
    answer = client.responses.create(model=model, input="hello gateway")
    check(f"response {model}", "hello gateway" in answer.output_text, answer)
    check(f"response {model} frame", answer.object == "response" and answer.status == "completed", answer)
    check(f"response {model} usage", answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer.usage)
    with client.responses.stream(model=model, input="hello gateway") as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    check(f"streamed response {model}", "".join(pieces) == answer.output_text == final.output_text, pieces)

FLAT = [{"type": "function", **WEATHER[0]["function"], "strict": False}]
for model, choice in [("local/echo", "required"), ("openai/tools", "auto")]:
    arguments = dict(model=model, input="hello gateway", tools=FLAT, tool_choice=choice)
    answer = client.responses.create(**arguments)
    call = next(item for item in answer.output if item.type == "function_call")
    check(f"response tools {model}", call.name == "weather" and "city" in json.loads(call.arguments), call)
    with client.responses.stream(**arguments) as stream:
        final = stream.get_final_response()
    streamed = next(item for item in final.output if item.type == "function_call")
    check(f"streamed response tools {model}", json.loads(streamed.arguments) == json.loads(call.arguments), streamed)
    follow = [{"role": "user", "content": "hello gateway"}] + [item.model_dump() for item in answer.output] + [
        {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    second = client.responses.create(model=model.split("/")[0] + "/echo", input=follow, tools=FLAT)
    check(f"response tools {model} result accepted", second.output_text, second)

try:
    client.responses.create(model="openai/quota", input="hello")
    raise AssertionError("a quota must reach the SDK")
except openai.RateLimitError:
    check("response upstream quota stays 429", True)
try:
    with client.responses.stream(model="openai/error-after-3", input="hello") as stream:
        events = [event.type for event in stream]
    check("error inside a streamed response", events[-1] == "response.failed" and "response.completed" not in events, events)
except openai.APIError:
    check("error inside a streamed response", True)

check("models", "local/echo" in [m.id for m in client.models.list()])
check("one model", client.models.retrieve("local/echo").id == "local/echo")

error = fails("unknown provider is 404", openai.NotFoundError, model="nobody/nothing", messages=HELLO)
check("unknown provider names the field", error.body["param"] == "model", error.body)
error = fails("wrong type is 400", openai.BadRequestError, model="local/echo", messages=HELLO, temperature="hot")
check("wrong type names the field", "temperature" in error.body["message"], error.body)
error = fails("unknown role is 400", openai.BadRequestError, model="local/echo", messages=[{"role": "root", "content": "x"}])
check("unknown role names the field", "messages[0]" in (error.body["param"] or ""), error.body)
fails("no messages is 400", openai.BadRequestError, model="local/echo", messages=[])
error = fails("upstream auth stays 401", openai.AuthenticationError, model="openai/auth", messages=HELLO)
check("upstream error names its source", error.body["x_llm"]["source"] == "provider", error.body)
check("keys never appear", "sk-upstream-canary" not in json.dumps(error.body), error.body)
error = fails("upstream quota stays 429", openai.RateLimitError, model="openai/quota", messages=HELLO)
fails("upstream context length stays 400", openai.BadRequestError, model="openai/context-length", messages=HELLO)
try:
    for _ in client.chat.completions.create(model="openai/error-after-3", messages=HELLO, stream=True):
        pass
    raise AssertionError("an error inside a stream must reach the SDK")
except openai.APIError:
    check("error inside a stream", True)

print("all passed")
