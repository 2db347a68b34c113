# fish completion for metagraph: it asks the program, which looks into the files on the line.

function __metagraph_complete
    # fish 4 puts variables in; older ones only take quotes away, and leave the home directory to be put in.
    set -l words (commandline -xpc 2>/dev/null; or commandline -opc | string replace -r '^~(?=/|$)' $HOME)
    set -l typed (commandline -ct)
    # A quote may be open.
    set -l current (string unescape -- "$typed"; or string unescape -- "$typed\""; or string unescape -- "$typed'")
    type -q -f -- $words[1]; or set words[1] metagraph # an alias

    set -l out ($words[1] __complete $words[2..] "$current" 2>/dev/null); or return
    # The last line is what to do with the others: 1 failed, 4 no files. fish itself puts no space behind / = and :
    set -l directive (string replace -r '^:' '' -- $out[-1])
    test (math "bitand($directive, 1)") -eq 0; or return
    # Behind --flag= come values alone.
    set -l flag (string match -r -- "^--[^=]*=" "$current"; or echo)
    if test (count $out) -gt 1
        printf '%s\n' $flag$out[1..-2]
    else if test (math "bitand($directive, 4)") -eq 0
        set -l path (string replace -r -- '^--[^=]*=' '' "$current")
        for file in (__fish_complete_path "$path")
            printf '%s\n' "$flag$file"
        end
    end
end

complete -c metagraph -f -a '(__metagraph_complete)'
