# %%
import asyncio

async def work(name, delay):
    await asyncio.sleep(delay)
    return name

asyncio.run(work("first", 0.001))
#> 'first'
# %%
async def all_of_them():
    return await asyncio.gather(work("a", 0.002), work("b", 0.001))

asyncio.run(all_of_them())
#> ['a', 'b']
# %%
async def fails():
    raise RuntimeError("no luck")

asyncio.run(fails())
#! RuntimeError
# %%
asyncio.run(work("still fine", 0))
#> 'still fine'
