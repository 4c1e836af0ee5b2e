import path from "path";
console.log(path.resolve("a", "..", "b"), path.dirname("/a/b/c"), path.basename("/a/b.txt", ".txt"), path.relative("/a/b", "/a/c/d"), path.normalize("/a//b/../c/."), path.isAbsolute("a"), path.parse("/home/x.tar.gz"), path.format({ dir: "/a", name: "b", ext: ".c" }));
