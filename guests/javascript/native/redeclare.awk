# Lets a turn declare anew what an earlier one declared: `const x = ..` that was wrong is sent again, mended.
#
# The engine refuses names that the global scope has, as the language says of scripts. Here the earlier declaration goes, and
# what turns have put on the global object is covered, but for what nobody can write to (`undefined`). Functions that earlier
# turns made look names up anew, and see the later value.
{ print }

/^static int JS_CheckDefineGlobalVar/ { inside = 1 }

inside && /JSShapeProperty \*prs;/ {
    print "    p = JS_VALUE_GET_OBJ(ctx->global_var_obj);"
    print "    if (find_own_property1(p, prop) && delete_property(ctx, p, prop) < 0)"
    print "        return -1;"
    print "    prs = find_own_property1(JS_VALUE_GET_OBJ(ctx->global_obj), prop);"
    print "    if ((flags & DEFINE_GLOBAL_LEX_VAR) && prs && (prs->flags & JS_PROP_WRITABLE))"
    print "        return 0;"
    inside = 0
    mended++
}

END {
    if (mended != 1) {
        print "redeclare.awk: the engine has " mended + 0 " places to mend" > "/dev/stderr"
        exit 1
    }
}
