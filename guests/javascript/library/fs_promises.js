import { promises } from "node:fs";

export const { readFile, writeFile, appendFile, stat, lstat, access, readdir, mkdir, rmdir, unlink, rm, rename, copyFile, cp, mkdtemp, readlink, realpath, constants } = promises;
export default promises;
