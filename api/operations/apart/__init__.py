"""Work of the service that processes of their own do, so that searches do not wait for it.

Only one thread of a process runs Python at a time. Whatever else a process has to do, its searches
wait for it again and again; and a thread of low priority that is just running Python is not let go
on where others want the cores, while all others of its process wait. A process keeps nobody
waiting.
"""
