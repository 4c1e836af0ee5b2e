# %%
import requests
#! ModuleNotFoundError
# %%
try:
    import requests
except ImportError:
    requests = None
requests is None
#> True
# %%
def shout(text: str) -> str:
    """Make it loud."""
    return text.upper() + "!"

help(shout)
#> Help on function shout in module __main__:
#>
#> shout(text: str) -> str
#> Make it loud.
#>
# %%
shout("hey")
#> 'HEY!'
