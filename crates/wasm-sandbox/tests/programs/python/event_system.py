import asyncio
from collections import defaultdict


class Bus:
    def __init__(self):
        self.handlers = defaultdict(list)

    def on(self, name):
        def decorate(handler):
            self.handlers[name].append(handler)
            return handler

        return decorate

    async def emit(self, name, **data):
        results = await asyncio.gather(*(self._call(handler, data) for handler in self.handlers[name]), return_exceptions=True)
        return [repr(result) for result in results]

    @staticmethod
    async def _call(handler, data):
        result = handler(**data)
        return await result if asyncio.iscoroutine(result) else result


bus = Bus()


@bus.on("order")
def log(item, count):
    return f"logged {count} {item}"


@bus.on("order")
async def ship(item, count):
    await asyncio.sleep(0.001)
    if count > 10:
        raise ValueError("too many")
    return "shipped"


print(asyncio.run(bus.emit("order", item="pen", count=2)))
print(asyncio.run(bus.emit("order", item="pen", count=20)))


class RateLimiter:
    def __init__(self, rate):
        self.rate, self.tokens = rate, asyncio.Semaphore(rate)

    async def __aenter__(self):
        await self.tokens.acquire()

    async def __aexit__(self, *exc):
        self.tokens.release()


async def main():
    limiter, active, peak = RateLimiter(2), 0, 0

    async def job(n):
        nonlocal active, peak
        async with limiter:
            active += 1
            peak = max(peak, active)
            await asyncio.sleep(0.001)
            active -= 1
            return n

    async with asyncio.timeout(5):
        print(await asyncio.gather(*map(job, range(5))), peak)
    queue = asyncio.PriorityQueue()
    for item in (3, 1, 2):
        queue.put_nowait(item)
    print([queue.get_nowait() for _ in range(3)])
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(0.001, future.set_result, "called later")
    print(await future)
    print(await asyncio.wait_for(asyncio.shield(asyncio.sleep(0, "shielded")), 1))


asyncio.run(main())
