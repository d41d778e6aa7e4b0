module balise.io/lab/images/echo

go 1.26.0
