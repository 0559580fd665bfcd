# shellcheck shell=bash
# Our choice of packages against apt's; the work is in `solver.sh` beside `run`.

part_solver() {
    # shellcheck disable=SC2034 # `check` reads it
    SHOWN_LINES=400
    check "the solver chooses what apt chooses" choose_as_apt
    cat "$WORK/solver-score" 2>/dev/null || true
}

choose_as_apt() {
    # Where it keeps its lists.
    KEEP=$WORK/solver bash "$HERE/solver.sh" | tee "$WORK/solver-output"
    # The score, for the log of a good run too.
    grep ' equal' "$WORK/solver-output" | sed 's/^/        /' >"$WORK/solver-score"
}
