import configparser
import io
import plistlib
import shlex
import tomllib

parser = configparser.ConfigParser()
parser.read_string("[DEFAULT]\ntimeout = 30\n[server]\nhost = example.com\nport = 8080\ndebug = yes\nurl = http://%(host)s/\n")
print(parser["server"]["url"], parser.getint("server", "port"), parser["server"].getboolean("debug"), parser["server"]["timeout"])
parser["new"] = {"key": "value"}
out = io.StringIO()
parser.write(out)
print(out.getvalue().count("\n"), parser.sections(), parser.get("server", "none", fallback="?"))
config = tomllib.loads('title = "x"\n[owner]\ndob = 1979-05-27T07:32:00Z\nports = [1, 2]\n[[products]]\nname = "a"\n')
print(config["owner"]["ports"], config["owner"]["dob"].year, config["products"])
try:
    tomllib.loads("a = ")
except tomllib.TOMLDecodeError as error:
    print("toml:", "Invalid value" in str(error))
print(plistlib.loads(plistlib.dumps({"a": [1, True]})), shlex.split("cmd 'a b' c\\ d"), shlex.quote("it's"))
