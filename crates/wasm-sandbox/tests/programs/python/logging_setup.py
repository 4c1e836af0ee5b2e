import io
import logging
import logging.handlers
import sys

logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s", stream=sys.stdout)
logger = logging.getLogger("app.db")
logger.debug("hidden")
logger.info("connected to %s", "db")
try:
    1 / 0
except ZeroDivisionError:
    logger.error("failed", exc_info=False)
stream = io.StringIO()
handler = logging.StreamHandler(stream)
handler.setFormatter(logging.Formatter("[{levelname:<8}] {message}", style="{"))
child = logging.getLogger("app.db.query")
child.addHandler(handler)
child.propagate = False
child.setLevel(logging.DEBUG)
child.warning("slow query: %d ms", 1200)
print(stream.getvalue(), end="")
rotating = logging.handlers.RotatingFileHandler("/tmp/app.log", maxBytes=200, backupCount=2)
logger.addHandler(rotating)
logger.propagate = False
for n in range(20):
    logger.info("message number %d", n)
rotating.close()
import os
print(sorted(name for name in os.listdir("/tmp") if name.startswith("app.log")))
