const fs = require("fs");

  throw new Error("here");
