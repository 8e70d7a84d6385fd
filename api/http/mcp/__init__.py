"""The service for agents: tools of the Model Context Protocol, over stdio and at ``/mcp``.

``server`` speaks the protocol, ``tools`` lists what there is, ``arguments`` what it takes; the
other modules do the work, with the queues and queries of the routes. Only with the extra ``mcp``.
"""
