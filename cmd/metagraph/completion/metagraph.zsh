#compdef metagraph
# zsh completion for metagraph: it asks the program, which looks into the files on the line.

# Sets REPLY to the argument that a word of the line stands for. Variables are put in; commands are not run, since nobody has
# pressed Enter yet.
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

  # The last line is what to do with the others: 1 failed, 2 no space behind it, 4 no files.
  local -i directive=${out##*:}
  (( directive & 1 )) && return 1
  # Behind --flag= come values alone.
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
