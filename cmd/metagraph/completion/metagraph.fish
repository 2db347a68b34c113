# fish completion for metagraph. The program itself finds the completions; it reads the files on the command line.

function __metagraph_complete
    # fish 4 expands variables. Older versions only remove quotes, so expand the home directory here.
    set -l words (commandline -xpc 2>/dev/null; or commandline -opc | string replace -r '^~(?=/|$)' $HOME)
    set -l typed (commandline -ct)
    # A quote can be open.
    set -l current (string unescape -- "$typed"; or string unescape -- "$typed\""; or string unescape -- "$typed'")
    type -q -f -- $words[1]; or set words[1] metagraph # an alias

    set -l out ($words[1] __complete $words[2..] "$current" 2>/dev/null); or return
    # The last line is a directive with these bits: 1 failed, 4 no file names. fish adds no space after / = and : anyway.
    set -l directive (string replace -r '^:' '' -- $out[-1])
    test (math "bitand($directive, 1)") -eq 0; or return
    # After --flag=, the program prints only the values.
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
