import re
from collections import Counter

LOG = """\
2024-05-01 10:00:01 [INFO] user=ada action=login ip=10.0.0.1
2024-05-01 10:00:05 [ERROR] user=bob action=upload ip=10.0.0.2 msg="disk full"
2024-05-01 10:01:00 [INFO] user=ada action=logout ip=10.0.0.1
garbage line
2024-05-01 10:02:00 [WARN] user=eve action=login ip=192.168.0.9 msg="bad password"
"""
PATTERN = re.compile(
    r"""^(?P<when>\d{4}-\d\d-\d\d\ \d\d:\d\d:\d\d)\s+
        \[(?P<level>[A-Z]+)\]\s+
        user=(?P<user>\w+)\s+action=(?P<action>\w+)\s+ip=(?P<ip>[\d.]+)
        (?:\s+msg="(?P<msg>[^"]*)")?$""",
    re.VERBOSE | re.MULTILINE,
)
levels = Counter(match["level"] for match in PATTERN.finditer(LOG))
print(levels.most_common())
for match in PATTERN.finditer(LOG):
    if match["msg"]:
        print(match.groupdict())
print(re.sub(r"(\d+)\.(\d+)\.\d+\.\d+", r"\1.\2.x.x", "ip 10.0.0.1"))
print(re.split(r"[,;]\s*", "a, b;c;  d"), re.findall(r"\b(\w)(\w*)", "one two"))
print(re.fullmatch(r"(?i)[\w.+-]+@[\w-]+\.[\w.]+", "Ada.L+x@example.co.uk") is not None)
print(re.sub(r"_(\w)", lambda m: m[1].upper(), "snake_case_name"))
