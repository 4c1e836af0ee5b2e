import Box, { area, Kind, Shape, type Unit } from "/lib/shapes";
import * as shapes from "/lib/shapes.js";
import legacy from "/lib/legacy.cts";
import { double } from "/lib/math.js";
import { Nothing } from "/lib/shapes.ts";
const shape: Shape & { unit?: Unit } = { size: 3 };
const none: Nothing | undefined = undefined;
console.log(area(shape), Kind.Square, new Box(shape).shape === shape, shapes.Kind[0], legacy.double(4), legacy.exists, double(2), none);
const later = await import("/lib/shapes.ts");
try {
    later.fails(7);
} catch (error) {
    console.log((error as Error).stack!.split("\n").map((line: string) => line.trim()).join(" "));
}
