{{/*
What becomes of the values, by the table in cilium-values.yaml: {mistakes: [line], lacking: {note: [key]}, ignored: {note: [key]}} as
JSON. The same rules as in
src/values, where `balise values check` has them; test/chart feeds both the same files.
*/}}
{{- define "balise.findings" -}}
{{- $table := .Files.Get "cilium-values.yaml" | fromYaml }}
{{- $rows := dict }}
{{- $branches := dict }}
{{- range $group := $table.values }}
{{- range $key, $facts := $group.keys }}
{{- $_ := set $rows $key (dict "said" $group.said "facts" $facts) }}
{{- $branch := "" }}
{{- range initial (splitList "." $key) }}
{{- $branch = printf "%s%s." $branch . }}
{{- $_ := set $branches (trimSuffix "." $branch) true }}
{{- end }}
{{- end }}
{{- end }}
{{- $out := dict "mistakes" list "lacking" dict "ignored" dict }}
{{- include "balise.walkValues" (dict "prefix" "" "values" .Values "rows" $rows "branches" $branches "out" $out) }}
{{- range $table.needed.keys }}
{{- if has (include "balise.valueAt" (dict "values" $.Values "key" .)) (list "null" "\"\"") }}
{{- $line := printf "%s: null is refused: %s; %s" . $table.needed.why $table.needed.instead }}
{{- include "balise.addMistake" (dict "out" $out "line" $line) }}
{{- end }}
{{- end }}
{{- range $table.contradictions }}
{{- include "balise.judgeContradiction" (dict "rule" . "values" $.Values "out" $out) }}
{{- end }}
{{- $out | toJson }}
{{- end }}

{{/* Goes down to the values that have rows. Takes (dict "prefix" "values" "rows" "branches" "out"); adds to out. */}}
{{- define "balise.walkValues" -}}
{{- $all := . }}
{{- range $name, $value := .values }}
{{- $key := printf "%s%s" $all.prefix $name }}
{{- $row := get $all.rows $key }}
{{- $down := dict "prefix" (printf "%s." $key) "values" $value "rows" $all.rows "branches" $all.branches "out" $all.out }}
{{- if $row }}
{{- include "balise.judgeValue" (dict "key" $key "value" $value "row" $row "out" $all.out) }}
{{- if and (hasKey $all.branches $key) (kindIs "map" $value) }}
{{- include "balise.judgeInner" $down }}
{{- end }}
{{- else if hasKey $all.branches $key }}
{{- if kindIs "map" $value }}
{{- include "balise.walkValues" $down }}
{{- end }}
{{- else }}
{{- $nearest := include "balise.nearestValue" (dict "prefix" $all.prefix "name" $name "rows" $all.rows) }}
{{- $hint := ternary "remove it" (printf "did you mean %s?" $nearest) (eq $nearest "") }}
{{- include "balise.addMistake" (dict "out" $all.out "line" (printf "%s: there is no such value; %s" $key $hint)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The keys of a free-form map that have rows of their own. */}}
{{- define "balise.judgeInner" -}}
{{- $all := . }}
{{- range $name, $value := .values }}
{{- with get $all.rows (printf "%s%s" $all.prefix $name) }}
{{- include "balise.judgeValue" (dict "key" (printf "%s%s" $all.prefix $name) "value" $value "row" . "out" $all.out) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Adds what is wrong with one value, or that it does nothing. Takes (dict "key" "value" "row" "out"). */}}
{{- define "balise.judgeValue" -}}
{{- $said := .row.said }}
{{- $pattern := .row.facts.pattern }}
{{- if and $pattern (kindIs "string" .value) (not (regexMatch (toString $pattern) (toString .value))) }}
{{- $line := printf "%s: %s is not %s" .key (toJson .value) .row.facts.form }}
{{- include "balise.addMistake" (dict "out" .out "line" $line) }}
{{- else if include "balise.isSet" .value }}
{{- if include "balise.isRefused" . }}
{{- $line := printf "%s: %s is refused: %s; %s" .key (toJson .value) $said.refusal.why $said.refusal.instead }}
{{- include "balise.addMistake" (dict "out" .out "line" $line) }}
{{- else if eq $said.class "ignored" }}
{{- if not (and (hasKey .row.facts "default") (eq (toJson .value) (toJson .row.facts.default))) }}
{{- $notes := ternary .out.lacking .out.ignored (hasKey $said "lacking") }}
{{- $_ := set $notes $said.note (append (get $notes $said.note | default list) .key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "balise.isRefused" -}}
{{- $value := .value }}
{{- with .row.said.refusal }}
{{- if not (include "balise.isOneOf" (dict "value" $value "list" .unless)) }}
{{- if .matching }}
{{- $pattern := .matching }}
{{- range kindIs "slice" $value | ternary $value (list $value) }}
{{- if and (kindIs "string" .) (regexMatch $pattern (toString .)) }}true{{ end }}
{{- end }}
{{- else }}true{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Something unless the value is null, '', [] or {}, which ask for nothing. */}}
{{- define "balise.isSet" -}}
{{- $collection := or (kindIs "slice" .) (kindIs "map" .) }}
{{- if not (or (kindIs "invalid" .) (and (kindIs "string" .) (eq (toString .) "")) (and $collection (empty .))) -}}
true
{{- end }}
{{- end }}

{{- define "balise.addMistake" -}}
{{- $_ := set .out "mistakes" (append .out.mistakes .line) }}
{{- end }}

{{/* Takes (dict "value" "list"). */}}
{{- define "balise.isOneOf" -}}
{{- $value := toJson .value }}
{{- range .list }}
{{- if eq (toJson .) $value }}true{{ end }}
{{- end }}
{{- end }}

{{/* The value at a.b.c as JSON; "" where there is none. Takes (dict "values" "key"). */}}
{{- define "balise.valueAt" -}}
{{- $value := .values }}
{{- range splitList "." .key }}
{{- if kindIs "map" $value }}
{{- $value = get $value . }}
{{- else }}
{{- $value = "" }}
{{- end }}
{{- end }}
{{- toJson $value }}
{{- end }}

{{/* Adds values that are good alone and make no sense together. Takes (dict "rule" "values" "out"). */}}
{{- define "balise.judgeContradiction" -}}
{{- $values := .values }}
{{- $holds := true }}
{{- $keys := list }}
{{- range .rule.when }}
{{- $keys = append $keys .key }}
{{- $value := include "balise.valueAt" (dict "values" $values "key" .key) | mustFromJson }}
{{- if hasKey . "isSet" }}
{{- $holds = and $holds (eq .isSet (eq (include "balise.isSet" $value) "true")) }}
{{- else if hasKey . "is" }}
{{- $holds = and $holds (ne (include "balise.isOneOf" (dict "value" $value "list" .is)) "") }}
{{- else if hasKey . "isNot" }}
{{- $holds = and $holds (eq (include "balise.isOneOf" (dict "value" $value "list" .isNot)) "") }}
{{- else if hasKey . "from" }}
{{- $holds = and $holds (ge (int64 $value) (int64 .from)) (le (int64 $value) (int64 .to)) }}
{{- else if hasKey . "sameAs" }}
{{- $keys = append $keys .sameAs }}
{{- $other := include "balise.valueAt" (dict "values" $values "key" .sameAs) | mustFromJson }}
{{- $holds = and $holds (eq (default .fallback $value | toString) (default .otherFallback $other | toString)) }}
{{- else }}
{{- $keys = append $keys .notLongerThan }}
{{- $other := include "balise.valueAt" (dict "values" $values "key" .notLongerThan) | mustFromJson }}
{{- $seconds := include "balise.seconds" (dict "text" $value "fallback" .fallback) | int }}
{{- $otherSeconds := include "balise.seconds" (dict "text" $other "fallback" .otherFallback) | int }}
{{- $holds = and $holds (le $seconds $otherSeconds) }}
{{- end }}
{{- end }}
{{- if $holds }}
{{- $line := printf "%s: %s; %s" (uniq $keys | join ", ") .rule.why .rule.instead }}
{{- include "balise.addMistake" (dict "out" .out "line" $line) }}
{{- end }}
{{- end }}

{{/* 1h, 1m30s, 15s -> 3600, 90, 15. Takes (dict "text" "fallback"). */}}
{{- define "balise.seconds" -}}
{{- $seconds := 0 }}
{{- $text := toString (default .fallback .text) }}
{{- range regexFindAll "[0-9]+[hms]" $text -1 }}
{{- $number := regexFind "[0-9]+" . | int }}
{{- $seconds = add $seconds (mul $number (get (dict "h" 3600 "m" 60 "s" 1) (regexFind "[hms]" .))) }}
{{- end }}
{{- $seconds }}
{{- end }}

{{/* The sibling that is written most alike, or keys of that name elsewhere. Takes (dict "prefix" "name" "rows"). */}}
{{- define "balise.nearestValue" -}}
{{- $all := . }}
{{- $siblings := list }}
{{- $namesakes := list }}
{{- range $key, $_ := .rows }}
{{- if hasPrefix $all.prefix $key }}
{{- $siblings = append $siblings (trimPrefix $all.prefix $key | splitList "." | first) }}
{{- end }}
{{- if eq (splitList "." $key | last | lower) (lower $all.name) }}
{{- $namesakes = append $namesakes $key }}
{{- end }}
{{- end }}
{{- $best := "" }}
{{- $least := add1 (div (mul 2 (len .name)) 5) }}
{{- range uniq $siblings | sortAlpha }}
{{- $distance := include "balise.editDistance" (list (lower $all.name) (lower .)) | int64 }}
{{- if lt $distance $least }}
{{- $best = . }}
{{- $least = $distance }}
{{- end }}
{{- end }}
{{- if $best }}
{{- printf "%s%s" .prefix $best }}
{{- else if le (len $namesakes) 3 }}
{{- join " or " ($namesakes | sortAlpha) }}
{{- end }}
{{- end }}

{{/* Levenshtein's: letters put in, left out or written differently. Takes a list of two texts. */}}
{{- define "balise.editDistance" -}}
{{- $other := splitList "" (last .) }}
{{- $row := until (add1 (len $other) | int) }}
{{- range $i, $letter := splitList "" (first .) }}
{{- $next := list (add1 $i) }}
{{- range $j, $otherLetter := $other }}
{{- $changed := add (index $row $j) (eq $letter $otherLetter | ternary 0 1) }}
{{- $next = append $next (min (add1 (last $next)) (add1 (index $row (add1 $j | int))) $changed) }}
{{- end }}
{{- $row = $next }}
{{- end }}
{{- last $row }}
{{- end }}
