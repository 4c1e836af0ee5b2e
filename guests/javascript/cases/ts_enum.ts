enum Color { Red, Green = 5, Blue }
enum Text { Yes = "yes", No = "no" }
const enum Flag { A = 1 << 0, B = 1 << 1, Both = A | B }
enum Computed { Length = "abc".length, Next = Color.Blue + 1 }
console.log(Color.Red, Color[5], Color.Blue, Text.No, Flag.Both, Computed.Length, Computed.Next);
console.log(Color);
