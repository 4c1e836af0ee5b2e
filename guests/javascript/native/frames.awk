# Gives every function of the engine a larger frame in memory.
#
# The engine measures its stack by its frames in memory, but what ends is the stack of the machine, where every function has
# a frame even when it keeps nothing in memory. With stack protectors each function has a frame of both kinds; this adds to
# the one in memory what the other takes, so that the engine's limit holds for recursion of every kind.
BEGIN { room = 160 }

{ line[NR] = $0; word[NR] = $1; operand[NR] = $2 }

# The size is subtracted from the stack pointer where a function begins, and added to it where it ends.
END {
    for (n = 1; n <= NR; n++) {
        size = word[n] == "i32.const"
        begins = size && word[n + 1] == "i32.sub" && operand[n - 1] == "__stack_pointer"
        ends = size && word[n + 1] == "i32.add" && word[n + 2] == "global.set" && operand[n + 2] == "__stack_pointer"
        if (begins || ends) line[n] = "\ti32.const\t" operand[n] + room
        begun += begins
        ended += ends
        print line[n]
    }
    if (begun == 0 || begun > ended) {
        print "frames.awk: " begun " functions begin and " ended " end" > "/dev/stderr"
        exit 1
    }
}
