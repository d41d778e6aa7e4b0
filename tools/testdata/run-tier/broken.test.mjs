import './gone.mjs'
