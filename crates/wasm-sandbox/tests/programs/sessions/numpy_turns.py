# %%
import numpy as np
a = np.arange(6).reshape(2, 3)
a
#> array([[0, 1, 2],
#> [3, 4, 5]])
# %%
a @ a
#! ValueError
# %%
a @ a.T
#> array([[ 5, 14],
#> [14, 50]])
# %%
a.mean()
#> np.float64(2.5)
