# Completion of textune in bash. `textune completion bash` prints this file.
_textune() {
    local typed="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" value help cut name
    COMPREPLY=()
    # Bash cuts words at ':' and '=', textune does not: what stands before the cut must not come twice.
    case "$typed" in *[:=]) typed="" ;; esac
    cut="${line##*[[:space:]]}"
    cut="${cut%"$typed"}"
    while IFS=$'\t' read -r value help; do
        case "$value" in
            "<files>" | "<folders>")
                compopt -o filenames 2>/dev/null
                while IFS= read -r name; do
                    COMPREPLY+=("$name")
                done < <(if [ "$value" = "<files>" ]; then compgen -f -- "$typed"; else compgen -d -- "$typed"; fi)
                ;;
            *) COMPREPLY+=("${value#"$cut"}") ;;
        esac
    done < <(TEXTUNE_COMPLETE="$line" "$1" 2>/dev/null)
    # After `section.key=`, the value follows without a space.
    case "${COMPREPLY[*]}" in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _textune textune
