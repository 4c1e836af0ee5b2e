import asyncio
import random


async def producer(queue: asyncio.Queue, count: int) -> None:
    for number in range(count):
        await asyncio.sleep(random.random() / 1000)
        await queue.put(number)
    await queue.put(None)


async def consumer(queue: asyncio.Queue) -> int:
    total = 0
    while (item := await queue.get()) is not None:
        total += item
        queue.task_done()
    return total


async def limited(semaphore, number, running, most):
    async with semaphore:
        running.append(number)
        most.append(len(running))
        await asyncio.sleep(0.001)
        running.remove(number)
        return number * number


async def main():
    queue = asyncio.Queue(maxsize=2)
    _, total = await asyncio.gather(producer(queue, 10), consumer(queue))
    print("total", total)
    semaphore, running, most = asyncio.Semaphore(3), [], []
    print(await asyncio.gather(*(limited(semaphore, n, running, most) for n in range(8))), max(most))
    try:
        await asyncio.wait_for(asyncio.sleep(60), timeout=0.01)
    except asyncio.TimeoutError:
        print("timed out")
    results = await asyncio.gather(asyncio.sleep(0, "fine"), asyncio.sleep(0, 1 / 1), fail(), return_exceptions=True)
    print(results)


async def fail():
    raise RuntimeError("no")


asyncio.run(main())
