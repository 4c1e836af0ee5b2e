from enum import Enum, Flag, IntEnum, StrEnum, auto, unique


@unique
class Planet(Enum):
    EARTH = (5.97e24, 6.37e6)
    MARS = (6.42e23, 3.39e6)

    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius

    @property
    def gravity(self):
        return 6.67e-11 * self.mass / self.radius**2


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Mode(Flag):
    READ = auto()
    WRITE = auto()
    ALL = READ | WRITE


class Kind(StrEnum):
    CAT = auto()
    DOG = auto()


print(f"{Planet.EARTH.gravity:.2f}", Planet["MARS"].name, list(Planet))
print(Level.LOW < Level.HIGH, sorted([Level.HIGH, Level.LOW]), Level(10), Level.LOW + 1)
print(Mode.READ | Mode.WRITE, Mode.READ in Mode.ALL, ~Mode.READ, Kind.CAT, Kind("dog"), f"{Kind.DOG:>5}")
try:
    Level(5)
except ValueError as error:
    print(error)
