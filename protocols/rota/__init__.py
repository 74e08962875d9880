"""On-call rotas: the words that file, API, controller and console share. No I/O."""
