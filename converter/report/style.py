"""The report's look on top of the evaluations' pages: dark mode, narrow screens, print. No file, font or script from elsewhere."""

STYLE = """
:root{--good:#17754f;--good-soft:#e5f4ec;--bad:#b3261e;--bad-soft:#fcebe9;--warn:#8a5a00;--warn-soft:#fdf3dc;--trough:#e6eaf0;
--chosen:#eef3fd;
--c1:#2457c5;--c2:#c2571a;--was:#8a93a1;color-scheme:light dark}
td,th,b,span,p,li,figcaption,code,dd{unicode-bidi:isolate}
h1{font-size:1.15rem;font-weight:600;overflow-wrap:anywhere}h2{margin-top:38px}.sub{overflow-wrap:anywhere}
.verdict{border-radius:12px;padding:20px 22px;margin:0 0 16px;border:1px solid;border-left-width:10px;overflow-wrap:anywhere}
.verdict.good{background:var(--good-soft);border-color:var(--good)}.verdict.bad{background:var(--bad-soft);border-color:var(--bad)}
.verdict strong{display:block;font-size:clamp(1.3rem,4.2vw,2rem);line-height:1.22;letter-spacing:-.01em}
.verdict.good strong::before{content:"\\2713\\00a0";color:var(--good)}.verdict.bad strong::before{content:"\\2717\\00a0";color:var(--bad)}
.verdict p{margin:10px 0 0;max-width:80ch}.verdict p.next{font-weight:600}
.facts{grid-template-columns:repeat(auto-fit,minmax(min(100%,215px),1fr))}
.fact b small{font-size:.82rem;font-weight:500;color:var(--soft)}.pair{margin:8px 0 2px;display:grid;grid-template-columns:auto 1fr;
gap:3px 8px;
align-items:center;font-size:.76rem;color:var(--soft)}.pair .bar{height:9px}
.bar{display:block;height:11px;min-width:60px;width:100%}.bar .trough{fill:var(--trough)}.bar .fill{fill:var(--c1)}
.bar.was .fill{fill:var(--was)}
.bar.kept .fill{fill:var(--c2)}.bar.good .fill{fill:var(--good)}.bar.bad .fill{fill:var(--bad)}.bar .limit{fill:var(--ink)}
.cell-bar>.bar{margin-top:6px}td.words b{font-weight:600}.used{font-size:.78rem;color:var(--soft);white-space:nowrap}
.allowance{min-width:110px}.cell-bar{min-width:130px;width:24%}
.mark-good,.mark-bad,.mark-none{font-weight:600;white-space:nowrap}.mark-good{color:var(--good)}.mark-bad{color:var(--bad)}
.mark-none{color:var(--soft)}
.tag{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 8px;font-size:.76rem;color:var(--c2);
white-space:nowrap}
tr.chosen td{background:var(--chosen)}td{overflow-wrap:anywhere}td:first-child{min-width:128px}td.n:first-child{min-width:0;width:1%}
td.words{min-width:230px}td.wide{min-width:150px}
td.n,th.n{overflow-wrap:normal}tr:last-child>td{border-bottom:0}
.plots{grid-template-columns:repeat(auto-fill,minmax(min(100%,430px),1fr))}.plots>*{min-width:0}.card+.card{margin-top:14px}
.note{color:var(--soft);font-size:.86rem;margin:6px 0 0}.card ul{margin:0;padding-left:20px}.card li+li{margin-top:4px}
ul.said{margin:10px 0 0;padding-left:20px;color:var(--soft)}.warn{color:var(--warn);font-weight:600}
.nothing{border:1px dashed var(--line);border-radius:8px;padding:18px;color:var(--soft)}.nothing b{color:var(--ink)}
.nothing p{margin:4px 0 0}
.block{fill:var(--c1);opacity:.82}.mark{stroke:var(--c2);stroke-width:2}.mark.m0{stroke-dasharray:none}.mark.m1{stroke-dasharray:6 4}
.mark.m2{stroke-dasharray:2 3}
.halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.ideal{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:5 4}
.dot{fill:none;stroke:var(--c1);stroke-width:5;stroke-linecap:round;stroke-opacity:.55}
.cross{fill:none;stroke:var(--c2);stroke-width:1;stroke-opacity:.6}
.title,.axis{fill:var(--ink)}.tick{fill:var(--soft)}.grid{stroke:var(--line)}.frame{stroke:var(--was)}
.det .curve{stroke:var(--c1)}.det .curve+.curve{stroke:var(--c2);stroke-dasharray:7 5}
.det rect[fill="#2457c5"]{fill:var(--c1)}.det rect[fill="#c2571a"]{fill:var(--c2)}
.matrix{display:block;margin:0 auto}.cell{fill:var(--trough);opacity:.5}.hit{fill:var(--c1)}.miss{fill:var(--bad)}
.count{font-size:12px;fill:var(--ink)}.count.on{fill:var(--paper)}
.faces{grid-template-columns:repeat(auto-fill,minmax(130px,1fr))}.faces img{width:100%;height:auto;max-height:180px;object-fit:contain;
margin:0}
details{background:var(--paper);border:1px solid var(--line);border-radius:8px;margin-top:10px}summary{cursor:pointer;padding:11px 14px;
font-weight:600}
details[open]>summary{border-bottom:1px solid var(--line)}.inside{padding:12px 14px;overflow-x:auto}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.45 ui-monospace,"DejaVu Sans Mono",monospace}
code{font:.92em ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
@media (max-width:620px){main{padding:18px 12px 40px}.card{padding:10px}.title{font-size:21px}.axis{font-size:18px}.tick{font-size:16.5px}
.matrix .tick,.matrix .count{font-size:13px}.matrix .title{font-size:15px}th,td{padding:6px 7px}
table.stack,table.stack tbody{display:block}table.stack tr:first-child{display:none}table.stack tr{display:block;padding:10px 0;
border-bottom:1px solid var(--line)}
table.stack tr:last-child{border-bottom:0}table.stack td{display:grid;grid-template-columns:106px 1fr;gap:0 10px;border:0;padding:3px 4px;
min-width:0;width:auto;
text-align:left;white-space:normal}table.stack td::before{content:attr(data-name);color:var(--soft);font-size:.82rem}
table.stack td.empty{display:none}
td>.tag{justify-self:start}.spare{display:none}table.stack td>.bar{grid-column:2}table.stack td>.used{grid-column:2}}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#a3acba;--line:#323a47;--paper:#1b212b;--ground:#12161d;--accent:#7aa5ff;
--good:#57c795;
--good-soft:#16302a;--bad:#ff8f85;--bad-soft:#3a1d1d;--warn:#f0bd5a;--warn-soft:#33290f;--trough:#2b3340;--chosen:#212c40;--c1:#7aa5ff;
--c2:#f2a06a;
--was:#77818f}
.faces img{background:#333}}
@media print{body{background:#fff}main{max-width:none;padding:0}.card,.fact,.verdict,figure,svg{break-inside:avoid}h2{break-after:avoid}
details::details-content{content-visibility:visible;display:block}
.card{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
HEAD = ('<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'; img-src data:">'
        f"<style>{STYLE}</style>")
