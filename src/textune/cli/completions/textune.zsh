#compdef textune
# Completion of textune in zsh. `textune completion zsh` prints this file.
_textune() {
    local answer value line="${(j: :)words[1,CURRENT-1]} $PREFIX"
    local -a described settings names
    local -i status_code=1
    for answer in "${(@f)$(TEXTUNE_COMPLETE="$line" "$words[1]" 2>/dev/null)}"; do
        value="${answer%%$'\t'*}"
        case "$value" in
            '') ;;
            '<files>') names=(_files) ;;
            '<folders>') names=(_files -/) ;;
            # After `section.key=`, the value follows without a space.
            *=) settings+=("${value//:/\\:}${${answer#"$value"}/$'\t'/:}") ;;
            *) described+=("${value//:/\\:}${${answer#"$value"}/$'\t'/:}") ;;
        esac
    done
    (( $#described )) && _describe -t values textune described && status_code=0
    (( $#settings )) && _describe -t settings textune settings -S '' && status_code=0
    if (( $#names )); then
        compset -P '--*='
        $names && status_code=0
    fi
    return status_code
}
if [ "$funcstack[1]" = _textune ]; then
    _textune "$@"
else
    compdef _textune textune
fi
