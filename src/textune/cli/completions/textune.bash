# Completion of textune in bash. `textune completion bash` prints this file.
_textune() {
    local typed="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" value help cut start name kind names=""
    COMPREPLY=()
    # Bash cuts words at ':' and '=', textune does not: what stands before the cut must not come twice.
    case "$typed" in *[:=]) typed="" ;; esac
    cut="${line##*[[:space:]]}"
    cut="${cut%"$typed"}"
    # A file begins after the name of an option.
    start="${cut#--*=}"
    while IFS=$'\t' read -r value help; do
        case "$value" in
            "<files>" | "<folders>")
                if [ "$value" = "<files>" ]; then kind=-f; else kind=-d; fi
                while IFS= read -r name; do
                    COMPREPLY+=("${name#"$start"}")
                    names="${names:-only}"
                done < <(compgen "$kind" -- "$start$typed")
                ;;
            *)
                COMPREPLY+=("${value#"$cut"}")
                names=mixed
                ;;
        esac
    done < <(TEXTUNE_COMPLETE="$line" "$1" 2>/dev/null)
    # Bash quotes a file's name, and must not quote the colon of a value such as `embedded:minilm`.
    [ "$names" = only ] && compopt -o filenames 2>/dev/null
    # After `section.key=`, the value follows without a space.
    case "${COMPREPLY[*]}" in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _textune textune
