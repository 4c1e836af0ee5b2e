from collections import deque
from types import coroutine


@coroutine
def pause():
    yield


class Channel:
    def __init__(self):
        self.items = deque()

    async def put(self, item):
        self.items.append(item)
        await pause()

    async def take(self):
        while not self.items:
            await pause()
        return self.items.popleft()


def run(*tasks):
    ready = deque(tasks)
    steps = 0
    while ready:
        task = ready.popleft()
        try:
            task.send(None)
            ready.append(task)
        except StopIteration:
            pass
        steps += 1
    return steps


async def producer(channel, count):
    for n in range(count):
        await channel.put(n)
    await channel.put(None)


async def consumer(channel, seen):
    while (item := await channel.take()) is not None:
        seen.append(item)


channel, seen = Channel(), []
steps = run(consumer(channel, seen), producer(channel, 5))
print(seen, steps > 5)


def grep(pattern):
    found = []
    try:
        while True:
            line = yield found
            if pattern in line:
                found.append(line)
    except GeneratorExit:
        print("closed with", len(found))


search = grep("py")
next(search)
for line in ["python", "rust", "pypy"]:
    matches = search.send(line)
print(matches)
search.close()
