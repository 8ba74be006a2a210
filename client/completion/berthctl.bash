# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for berthctl(1)                -*- shell-script -*-

# Machines that run, and those that could be started.
__berthctl_running() {
        berthctl list --all --full --max-addresses=0 --no-legend --no-pager 2>/dev/null | cut -d' ' -f1
}

__berthctl_startable() {
        local image

        for image in /var/lib/machines/*; do
                image=${image##*/}
                [[ $image == '*' ]] || echo "${image%.raw}"
        done
}

_berthctl() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word verb='' words='' i
        local options='-h --help --version --no-pager --no-legend --no-ask-password --system -V -q --quiet -a --all
                       -l --full --value --runtime --force --read-only --mkdir -f --follow --console -t --tty -i --interactive -d --detach --now --watch -j'
        local with_value='-H --host -M --machine -p --property -P --kill-whom -s --signal --timeout -u --user --uid -E --setenv -e
                          -w --workdir --detach-keys
                          --runner --leader --order --delay --after --requires --parallel -n --lines --since --until --unit --priority --max-addresses -o --output'
        local running='status show check logs stats events poweroff stop reboot restart terminate kill freeze pause thaw resume set login shell exec copy-to copy-from bind'
        local startable='start enable disable'
        local alone='list list-enabled autostart help'

        # --option=value comes as three words.
        [[ $cur == '=' ]] && cur=''
        [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}

        case $prev in
        -s | --signal)
                words=$(berthctl --signal=help 2>/dev/null) ;;
        -o | --output)
                words=$(berthctl --output=help 2>/dev/null) ;;
        --kill-whom)
                words='leader all supervisor' ;;
        --timeout)
                words='0 10 30 90 infinity' ;;
        --max-addresses)
                words='all 0 1 2 3' ;;
        -n | --lines)
                words='all 0 10 100' ;;
        --since | --until)
                words='today yesterday -1h now' ;;
        --priority)
                words='emerg alert crit err warning notice info debug' ;;
        --unit)
                return ;;
        -u | --user | --uid)
                words=$(compgen -u) ;;
        -p | --property | -P)
                words='Name Id Timestamp TimestampMonotonic Service Unit Leader Class RootDirectory
                       NetworkInterfaces State' ;;
        --runner)
                words='nspawn' ;;
        --tty)
                [[ ${COMP_WORDS[COMP_CWORD]} != '=' && ${COMP_WORDS[COMP_CWORD - 1]} != '=' ]] ||
                        words='yes no auto' ;;
        --detach-keys)
                words='ctrl-],ctrl-],ctrl-] ctrl-p,ctrl-q' ;;
        -E | --setenv | -e)
                words=$(compgen -e) ;;
        --after | --requires)
                words=$(__berthctl_startable) ;;
        --leader | --order | --delay | --parallel | -H | --host | -M | --machine | -w | --workdir)
                return ;;
        esac

        if [[ -z $words && $cur == -* ]]; then
                words="$options $with_value"
        elif [[ -z $words ]]; then
                for ((i = 1; i < COMP_CWORD; i++)); do
                        word=${COMP_WORDS[i]}
                        if [[ " ${with_value//$'\n'/ } " == *" $word "* ]]; then
                                i=$((i + 1))
                        elif [[ $word != -* && $word != '=' ]]; then
                                verb=$word
                                break
                        fi
                done

                if [[ -z $verb ]]; then
                        words="$running $startable $alone"
                elif [[ $verb == @(copy-to|copy-from|bind) && ${COMP_WORDS[COMP_CWORD - 1]} != "$verb" ]]; then
                        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                        return
                elif [[ $verb == set && ${COMP_WORDS[COMP_CWORD - 1]} != "$verb" ]]; then
                        words='AllowedCPUs= AllowedMemoryNodes= CPUQuota= CPUWeight= IODeviceLatencyTargetSec=
                               IODeviceWeight= IOReadBandwidthMax= IOReadIOPSMax= IOWeight= IOWriteBandwidthMax=
                               IOWriteIOPSMax= MemoryHigh= MemoryLow= MemoryMax= MemoryMin= MemorySwapMax=
                               MemoryZSwapMax= TasksMax='
                elif [[ " $running " == *" $verb "* ]]; then
                        words=$(__berthctl_running)
                elif [[ " $startable " == *" $verb "* ]]; then
                        words=$(__berthctl_startable)
                fi
        fi

        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _berthctl berthctl
