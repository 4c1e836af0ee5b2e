import json
import logging
import sys


class JsonFormatter(logging.Formatter):
    def format(self, record):
        entry = {"level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            entry["error"] = f"{record.exc_info[0].__name__}: {record.exc_info[1]}"
        return json.dumps(entry)


class Redact(logging.Filter):
    def filter(self, record):
        record.msg = str(record.msg).replace("secret", "***")
        return record.levelno < logging.CRITICAL


logger = logging.getLogger("service")
logger.setLevel(logging.DEBUG)
handler = logging.FileHandler("/tmp/service.log", mode="w", encoding="utf-8")
handler.setFormatter(JsonFormatter())
handler.addFilter(Redact())
console = logging.StreamHandler(sys.stdout)
console.setLevel(logging.WARNING)
console.setFormatter(logging.Formatter("%(levelname)-8s| %(message)s"))
logger.addHandler(handler)
logger.addHandler(console)
logger.debug("starting %s", "up")
logger.warning("the secret is %d", 42)
try:
    {}["missing"]
except KeyError:
    logger.exception("lookup failed") if False else logger.error("lookup failed", exc_info=True) if False else logger.error("lookup failed")
    logging.getLogger("service").handlers[0].handle(logging.LogRecord("x", logging.ERROR, __file__, 1, "boom", None, sys.exc_info()))
logger.critical("dropped from the file")
logging.shutdown()
print(open("/tmp/service.log").read(), end="")
print(logging.getLevelName(30), logger.isEnabledFor(logging.DEBUG), logging.getLogger("service.db").getEffectiveLevel(), logger.hasHandlers())
