#compdef metagraph
# zsh completion for metagraph. The program itself finds the completions; it reads the files on the command line.

# Sets REPLY to the argument that a word of the command line becomes. It expands variables, but runs no commands, since the user
# has not pressed Enter yet.
__metagraph_argument() {
  if [[ ${1//\\?/} != *[\`\(]* ]] && eval "REPLY=$1" 2> /dev/null; then
    return
  fi
  REPLY=${(Q)1}
}

_metagraph() {
  local REPLY word program
  local -a arguments
  for word in "${(@)words[2,CURRENT-1]}"; do
    __metagraph_argument "$word"
    arguments+=("$REPLY")
  done
  __metagraph_argument "$QIPREFIX$IPREFIX$PREFIX${compstate[quote]}"
  local current=$REPLY
  __metagraph_argument "$words[1]"
  program=$REPLY
  whence -p -- "$program" > /dev/null || program=metagraph # an alias

  local out
  out=$("$program" __complete "${(@)arguments}" "$current" 2> /dev/null) || return 1

  # The last line is a directive with these bits: 1 failed, 2 no space after the completion, 4 no file names.
  local -i directive=${out##*:}
  (( directive & 1 )) && return 1
  # After --flag=, the program prints only the values.
  [[ $current != --*=* ]] || compset -P 1 '*='

  local line text
  local -a values space
  for line in "${(@f)out}"; do
    [[ -z $line || $line == :* ]] && continue
    text=${line%%$'\t'*}
    text=${text//\\/\\\\}
    text=${text//:/\\:}
    [[ $line != *$'\t'* ]] || text+=:${line#*$'\t'}
    values+=("$text")
  done
  (( directive & 2 )) && space=(-S '')
  if (( $#values )); then
    _describe -t values value values "${(@)space}"
  elif (( ! (directive & 4) )); then
    _files
  else
    return 1
  fi
}

if [[ $funcstack[1] == _metagraph ]]; then
  _metagraph "$@" # loaded by compinit
else
  compdef _metagraph metagraph
fi
