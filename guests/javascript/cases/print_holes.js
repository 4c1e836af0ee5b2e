console.log([, 1, , , 2], new Array(3), [undefined, null]);
