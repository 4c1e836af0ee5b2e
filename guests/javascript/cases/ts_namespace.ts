namespace Shapes {
    export interface Shape { area(): number }
    export class Square implements Shape {
        constructor(private side: number) {}
        area(): number { return this.side ** 2; }
    }
    export namespace Names { export const square = "square"; }
    const hidden = 1;
}
namespace Shapes { export const more = 2; }
namespace OnlyTypes { export type A = string; }
console.log(new Shapes.Square(3).area(), Shapes.Names.square, Shapes.more, "hidden" in Shapes, typeof OnlyTypes);
