console.log(["it's", 'say "hi"', "line\nbreak", "tab\t"], "raw\ttext");
