"""Every benchmark, one after the other."""

from benchmarks import ingest, planning

planning.main()
ingest.main([])
