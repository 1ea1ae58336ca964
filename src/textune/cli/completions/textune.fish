# Completion of textune in fish. `textune completion fish` prints this file.
function __textune_completions
    set -l line (commandline -cp)
    set -l program (commandline -opc)[1]
    set -l option (string match --regex '^--[^=]*=' -- (commandline -ct))
    set -l typed (string replace --regex '^--[^=]*=' '' -- (commandline -ct))
    for answer in (TEXTUNE_COMPLETE="$line" $program 2>/dev/null)
        switch $answer
            case '<files>'
                for name in (__fish_complete_path "$typed")
                    echo "$option$name"
                end
            case '<folders>'
                for name in (__fish_complete_directories "$typed" '')
                    echo "$option$name"
                end
            case '*'
                echo $answer
        end
    end
end
complete --command textune --no-files --arguments '(__textune_completions)'
