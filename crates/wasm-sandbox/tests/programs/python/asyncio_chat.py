import asyncio
import contextlib


class Room:
    def __init__(self):
        self.members: dict[str, asyncio.Queue] = {}

    @contextlib.asynccontextmanager
    async def join(self, name):
        self.members[name] = asyncio.Queue()
        try:
            yield self.members[name]
        finally:
            del self.members[name]

    async def say(self, name, text):
        for other, queue in self.members.items():
            if other != name:
                await queue.put(f"{name}: {text}")


async def listener(room, name, heard, ready):
    async with room.join(name) as queue:
        ready.release()
        while (line := await queue.get()) != "host: bye":
            heard.append((name, line))


async def main():
    room, heard, ready = Room(), [], asyncio.Semaphore(0)
    tasks = [asyncio.create_task(listener(room, name, heard, ready), name=name) for name in ("ada", "bob")]
    for _ in tasks:
        await ready.acquire()
    await room.say("ada", "hello")
    await room.say("host", "welcome")
    await room.say("host", "bye")
    await asyncio.gather(*tasks)
    print(sorted(heard), room.members, [task.get_name() for task in tasks])
    barrier = asyncio.Barrier(2)
    print(sorted(await asyncio.gather(barrier.wait(), barrier.wait())))
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Queue().get(), 0.005)
        print("never")
    runner = asyncio.current_task()
    print(runner.done(), len(asyncio.all_tasks()))


with asyncio.Runner() as runner:
    runner.run(main())
loop = asyncio.new_event_loop()
print(loop.run_until_complete(asyncio.sleep(0, "own loop")))
loop.close()
