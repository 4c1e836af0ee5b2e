enum Color { Red, Green = 5, Blue }
enum Direction { Up = "UP", Down = "DOWN" }
const enum Size { Small = 1 << 0, Large = 1 << 3 }
console.log(Color.Red, Color[5], Color.Blue, Direction.Up, Object.keys(Direction), Size.Large);
console.log(Object.values(Color).filter((v) => typeof v === "number"));
function turn(direction: Direction): Direction {
  switch (direction) {
    case Direction.Up: return Direction.Down;
    case Direction.Down: return Direction.Up;
    default: { const never: never = direction; return never; }
  }
}
console.log(turn(Direction.Up));
enum Flags { None = 0, Read = 1, Write = 2, All = Read | Write }
const has = (flags: Flags, flag: Flags): boolean => (flags & flag) === flag;
console.log(has(Flags.All, Flags.Write), has(Flags.Read, Flags.Write), Flags[3]);
