# bash completion for metagraph. The program itself finds the completions; it reads the files on the command line.

# Sets REPLY to the argument that a word of the command line becomes, and OPEN to the quote that is open at its end. It expands
# variables, but runs no commands, since the user has not pressed Enter yet. It fails for an invalid word.
__metagraph_argument() {
  OPEN=''
  if [[ ${1//\\?/} == *[\`\(]* ]]; then
    REPLY=${1//\\/}
    return
  fi
  for OPEN in '' \" \'; do
    eval "REPLY=$1$OPEN" 2> /dev/null && return
  done
  OPEN='' REPLY=$1
  return 1
}

_metagraph() {
  local REPLY OPEN IFS=$' \t\n'
  COMPREPLY=()

  # The words up to the cursor, as typed. COMP_WORDS also splits at : and =, and contains redirections.
  local -a words=()
  local rest=${COMP_LINE:0:COMP_POINT} last=-1 i piece gap before='' # word, redirection or its target
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=${rest%%[![:space:]]*}
    rest=${rest#"$gap"}
    piece=${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || piece=$rest
    rest=${rest#"$piece"}
    if [[ $piece == *[\<\>]* && $piece != *[!\<\>\&\|0-9]* ]]; then
      # In 2>, the number belongs to the redirection.
      [[ -n $gap || ${words[last]} == *[!0-9]* ]] || unset "words[$((last--))]"
      before=redirection
    elif [[ $before == redirection ]]; then
      ((i < COMP_CWORD)) || return 0 # a file
      before=target
    elif [[ -z $gap && $before == word ]]; then
      words[last]+=$piece
    elif [[ -n $gap || $before != target ]]; then
      words[++last]=$piece
      before=word
    fi
  done

  # Readline replaces the text after the last : or =, or after the open quote. It keeps the text before.
  local typed=${words[last]} kept=
  if [[ $piece == [:=] && $COMP_WORDBREAKS == *"$piece"* ]]; then
    kept=$typed
  else
    kept=${typed%"$piece"}
  fi
  __metagraph_argument "$typed"
  local current=$REPLY quote=$OPEN
  if [[ -n $quote ]]; then
    kept=$typed
    while kept=${kept%"$quote"*}; do
      __metagraph_argument "$kept" && [[ -z $OPEN || $kept != *"$quote"* ]] && break
    done
  fi
  __metagraph_argument "$kept"
  kept=$REPLY

  local -a arguments=()
  for ((i = 1; i < last; i++)); do
    __metagraph_argument "${words[i]}"
    arguments+=("$REPLY")
  done
  __metagraph_argument "${words[0]}"
  type -P -- "$REPLY" > /dev/null || REPLY=metagraph # an alias
  local out
  out=$("$REPLY" __complete "${arguments[@]}" "$current" 2> /dev/null) || return 0

  # The last line is a directive with these bits: 1 failed, 2 no space after the completion, 4 no file names.
  local directive=${out##*:} flag=
  if ((directive & 4)) && [[ $(type -t compopt) == builtin ]]; then
    compopt +o default
  fi
  ((directive & 1)) && return 0
  if ((directive & 2)) && [[ $(type -t compopt) == builtin ]]; then
    compopt -o nospace
  fi
  # After --flag=, the program prints only the values.
  [[ $current != --*=* ]] || flag=${current%%=*}=

  local line text note width=0
  local -a texts=() notes=()
  while IFS= read -r line; do
    text=$flag${line%%$'\t'*}
    [[ $line == :* || -z $line || $text != "$current"* || $text != "$kept"* ]] && continue
    text=${text#"$kept"}
    case $quote in
      \") text=${text//\\/\\\\} text=${text//\"/\\\"} text=${text//\$/\\\$} text=${text//\`/\\\`} ;;
      \') text=${text//\'/\'\\\'\'} ;;
      *) printf -v text %q "$text" && text=${text//\\,/,} ;;
    esac
    note=
    [[ $line != *$'\t'* ]] || note=${line#*$'\t'}
    texts+=("$text") notes+=("$note")
    ((${#text} <= width)) || width=${#text}
  done <<< "$out"

  # Show notes only in a list that the user requested: COMP_TYPE is 63, a question mark.
  if [[ ${COMP_TYPE-} == 63 ]] && ((${#texts[@]} > 1)); then
    for ((i = 0; i < ${#texts[@]}; i++)); do
      note=${notes[i]}
      [[ -n $note ]] || continue
      printf -v texts[i] '%s%*s  (%s)' "${texts[i]}" $((width - ${#texts[i]})) '' "$note"
      texts[i]=${texts[i]:0:${COLUMNS:-80}}
    done
  fi
  COMPREPLY=("${texts[@]}")
}

complete -o default -F _metagraph metagraph
