export interface Shape { size: number }
export type Unit = "cm" | "m";
export enum Kind { Round, Square }
export function area(shape: Shape): number { return shape.size ** 2; }
export default class Box { constructor(readonly shape: Shape) {} }
export function fails(value: number): never {
    throw new RangeError(`bad ${value}`);
}
