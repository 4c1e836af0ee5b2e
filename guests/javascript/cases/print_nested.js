console.log({ a: { b: { c: { d: 1 } } }, list: [[1, [2, [3, [4]]]]], empty: {}, none: [] });
