import asyncio
from contextlib import asynccontextmanager


@asynccontextmanager
async def connection(name):
    print("open", name)
    try:
        yield name.upper()
    finally:
        print("close", name)


class Countdown:
    def __init__(self, start):
        self.current = start

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.current <= 0:
            raise StopAsyncIteration
        await asyncio.sleep(0)
        self.current -= 1
        return self.current + 1


async def numbers():
    for n in range(3):
        yield n
        await asyncio.sleep(0)


async def worker(name, event):
    await event.wait()
    return name


async def main():
    async with connection("db") as db:
        print(db, [n async for n in Countdown(3)], [n async for n in numbers()])
    event = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker(f"w{n}", event)) for n in range(3)]
        await asyncio.sleep(0.001)
        event.set()
    print([task.result() for task in tasks])
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        print("timeout")
    task = asyncio.create_task(asyncio.sleep(10))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(boom(ValueError("a")))
            group.create_task(boom(TypeError("b")))
    except* ValueError as errors:
        print("value errors", errors.exceptions)
    except* TypeError as errors:
        print("type errors", errors.exceptions)
    lock, condition = asyncio.Lock(), asyncio.Condition()
    async with lock:
        print(lock.locked())
    async with condition:
        condition.notify_all()
    done, pending = await asyncio.wait([asyncio.create_task(asyncio.sleep(0.001, n)) for n in range(2)])
    print(sorted(task.result() for task in done), pending)
    for future in asyncio.as_completed([asyncio.sleep(0.02, "slow"), asyncio.sleep(0.001, "fast")]):
        print(await future)


async def boom(error):
    raise error


asyncio.run(main())
