# Completion of textune in fish. `textune completion fish` prints this file.
function __textune_completions
    set -l line (commandline -cp)
    set -l program (commandline -opc)[1]
    set -l option (string match --regex '^--[^=]*=' -- (commandline -ct))
    set -l typed (string replace --regex '^--[^=]*=' '' -- (commandline -ct))
    set -l places
    for answer in (TEXTUNE_COMPLETE="$line" $program 2>/dev/null)
        switch $answer
            case '<files>'
                set -a places (__fish_complete_path "$typed")
            case '<folders>'
                set -a places (__fish_complete_directories "$typed" '')
            case '*'
                echo $answer
        end
    end
    for place in $places
        # After a colon, fish offers what would stand there in a list of places, such as PATH.
        if not string match --quiet '*:*' -- "$typed"; or test -e (string split --fields 1 \t -- $place)
            echo "$option$place"
        end
    end
end
complete --command textune --no-files --arguments '(__textune_completions)'
