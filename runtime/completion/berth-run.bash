# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for berth-run(1)                -*- shell-script -*-

# Fills in, from what --help tells: options; and of those that take a value, by each way to write
# them, which kind it is. Those that are refused are not offered.
__berth_run_options() {
        local line form='^ +(-[a-zA-Z])?(, )?(--[a-z0-9-]+)?(\[?=([^ ]+))?( |$)'

        while IFS= read -r line; do
                [[ $line != *' refused:' ]] || break
                [[ $line =~ $form && -n ${BASH_REMATCH[1]}${BASH_REMATCH[3]} ]] || continue
                options+=" ${BASH_REMATCH[1]} ${BASH_REMATCH[3]}"
                [[ -n ${BASH_REMATCH[5]} ]] || continue
                [[ -z ${BASH_REMATCH[1]} ]] || kinds[${BASH_REMATCH[1]}]=${BASH_REMATCH[5]%]}
                kinds[${BASH_REMATCH[3]}]=${BASH_REMATCH[5]%]}
                [[ -z ${BASH_REMATCH[1]} ]] || names[${BASH_REMATCH[1]}]=${BASH_REMATCH[3]}
                [[ ${BASH_REMATCH[4]} != '['* ]] || optional+=" ${BASH_REMATCH[1]} ${BASH_REMATCH[3]} "
        done < <(berth-run --help 2>/dev/null)
}

__berth_run_machines() {
        local image

        for image in /var/lib/machines/*/; do
                image=${image%/}
                [[ $image == *'*' ]] || echo "${image##*/}"
        done
}

_berth_run() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} joined='' words='' i
        local options='' optional=''
        local -A kinds=() names=()

        # --option=value comes as three words.
        if [[ $cur == '=' ]]; then
                cur='' joined=yes
        elif [[ $prev == '=' ]]; then
                prev=${COMP_WORDS[COMP_CWORD - 2]} joined=yes
        fi

        __berth_run_options
        [[ -n $joined || $optional != *" $prev "* ]] || prev=''
        prev=${names[$prev]:-$prev}

        # Behind the command nothing is an option.
        for ((i = 1; i < COMP_CWORD; i++)); do
                [[ ${COMP_WORDS[i]} == -* || ${COMP_WORDS[i]} == '=' || ${COMP_WORDS[i - 1]} == '=' ||
                        -n ${kinds[${COMP_WORDS[i - 1]}]:-} ]] || break
        done

        case ${prev:+${kinds[$prev]:-}} in
        MODE | SIGNAL | ARCH)
                words=$(berth-run "$prev=help" 2>/dev/null) ;;
        BOOL)
                words='yes no' ;;
        'BOOL|PATH')
                words='yes no /bin/sh /bin/bash' ;;
        PATH* | ID:PATH | 'FILE|DIR')
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return ;;
        '')
                if ((i < COMP_CWORD)); then
                        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                        return
                fi
                [[ $cur != -* ]] || words=$options ;;
        *)
                case $prev in
                --machine) words=$(__berth_run_machines) ;;
                --uid | --bind-user) words=$(compgen -u) ;;
                --bind-user-group) words=$(compgen -g) ;;
                --setenv) words=$(compgen -e) ;;
                --capability | --ambient-capability | --drop-capability | --restrict-address-families)
                        words=$(berth-run "$prev=help" 2>/dev/null) ;;
                --rlimit) words=$(berth-run "$prev=help" 2>/dev/null | sed 's/$/=/') ;;
                --time-offset) words='monotonic: boottime:' ;;
                --ttys) words='1 2 3 4' ;;
                --private-users-delegate) words='1 4 16' ;;
                --forward-journal-max-files) words='10 100' ;;
                --forward-journal-*) words='100M 1G 4G' ;;
                --slice) words='machine.slice system.slice' ;;
                esac ;;
        esac

        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
        [[ ${COMPREPLY[*]} != *[=:] ]] || compopt -o nospace 2>/dev/null
}

complete -F _berth_run berth-run
